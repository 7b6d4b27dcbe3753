"""A blank cluster: what `initdb` makes, kept in a cache, because making it takes longer than all the rest."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from pytest_asyncbench.errors import PostgresError
from pytest_asyncbench.postgres.account import Account, run_as
from pytest_asyncbench.postgres.binaries import Installation
from pytest_asyncbench.postgres.rundir import spread_directories

SUPERUSER = "postgres"
STATEMENTS = "pg_stat_statements"
KEEP = 30 * 86400.0
"""Seconds that an unused cached cluster is kept."""


@dataclass(frozen=True, slots=True)
class Blank:
    """Which blank cluster: of what programs, for whom, made how."""

    installation: Installation
    original: Installation
    """Before staging: the place that stays the same."""
    account: Account | None
    durable: bool
    statements: bool
    """Whether pg_stat_statements can be loaded; its view is then in every database."""

    def arguments(self) -> list[str]:
        """What initdb is told. No locale: sorting by bytes is the same on every machine, and faster than ICU."""
        arguments = ["-U", SUPERUSER, "-A", "trust", "--no-locale", "-E", "UTF8", "--no-instructions"]
        return arguments if self.durable else [*arguments, "--no-sync"]

    def key(self) -> str:
        """Equal for clusters that may be copies of each other."""
        user = self.account.uid if self.account else os.geteuid()
        version = (self.original.version, str(self.original.bindir), platform.machine())
        what = repr((version, self.arguments(), self.statements, user))
        return f"initdb-{self.original.version}-{hashlib.sha256(what.encode()).hexdigest()[:16]}"

    def copy_to(self, data: Path) -> bool:
        """Copy the cached cluster to `data`; False when there is none."""
        cached = _cached(self.key())
        if cached is None:
            return False
        try:
            _copy_tree(cached, data)
        except OSError:  # another run has just removed it
            shutil.rmtree(data, ignore_errors=True)
            return False
        with contextlib.suppress(OSError):
            os.utime(cached)
        return True

    def make(self, data: Path) -> None:
        """Make a new one at `data`, and keep a copy. Raises PostgresError with what initdb said."""
        self._run([self.installation.program("initdb"), "-D", str(data), *self.arguments()], "initdb")
        if self.statements:
            for dbname in ("template1", SUPERUSER):
                argv = [
                    self.installation.program("postgres"),
                    "--single",
                    "-F",
                    "-j",
                    "-D",
                    str(data),
                    dbname,
                ]
                self._run(argv, f"creating {STATEMENTS}", f"CREATE EXTENSION {STATEMENTS}\n")
        self._store(data)

    def discard(self) -> None:
        """Forget the cached one: a server did not start from it."""
        cached = _cached(self.key())
        if cached is not None:
            shutil.rmtree(cached, ignore_errors=True)

    def _run(self, argv: list[str], what: str, text: str = "") -> None:
        try:
            done = run_as(self.account, argv, input=text, env=server_environment())
        except OSError as error:
            raise PostgresError(f"{what} could not be run: {error}") from error
        if done.returncode or "ERROR:" in done.stdout:
            command = " ".join(argv)
            raise PostgresError(f"{what} failed with exit code {done.returncode}: {command}\n{done.stdout}")

    def _store(self, data: Path) -> None:
        root = cache_directory()
        if root is None:
            return
        work = Path(tempfile.mkdtemp(prefix="tmp-", dir=root))
        try:
            _copy_tree(data, work / "data")
            (work / "data").rename(root / self.key())  # in one step; when another run was faster, it stays
        except OSError:
            return
        finally:
            shutil.rmtree(work, ignore_errors=True)
            _prune(root)


def server_environment() -> dict[str, str]:
    """What PostgreSQL's programs get: none of the PG* variables meant for clients, no locale."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def cache_directory() -> Path | None:
    """Our private directory for clusters, the first that will do; None: nothing is cached."""
    named = os.environ.get("XDG_CACHE_HOME")
    home = Path(named) if named and os.path.isabs(named) else Path("~/.cache").expanduser()
    for path in (home / "pytest-asyncbench", *_temporary()):
        if _make_private(path):
            spread_directories(path)
            return path
    return None


def _temporary() -> list[Path]:
    return [Path(place) / f"pytest-asyncbench-cache-{os.geteuid()}" for place in ("/var/tmp", "/tmp")]


def _make_private(path: Path) -> bool:
    """Whether it is a directory that only we can enter; made if its parent is ours, or is everybody's."""
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        parent = path.parent.stat()
        if parent.st_uid != os.geteuid() and not parent.st_mode & 0o1000:
            return False  # a HOME that sudo kept: nothing of root's belongs there
        path.mkdir(mode=0o700, exist_ok=True)
        status = path.lstat()
    except OSError:
        return False
    return (
        path.is_dir()
        and not path.is_symlink()
        and status.st_uid == os.geteuid()
        and not status.st_mode & 0o077
    )


def _cached(key: str) -> Path | None:
    root = cache_directory()
    path = root / key if root else None
    return path if path and (path / "global" / "pg_control").is_file() else None


def _copy_tree(source: Path, target: Path) -> None:
    """Copy with owners and modes. Raises OSError. `cp`, as it is three times as fast as shutil."""
    argv = ["cp", "-a", "--reflink=auto"] if sys.platform == "linux" else ["cp", "-Rp"]
    done = subprocess.run([*argv, str(source), str(target)], capture_output=True, text=True, check=False)
    if done.returncode and "unrecognized option" in done.stderr:  # busybox
        done = subprocess.run(
            ["cp", "-a", str(source), str(target)], capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise OSError(f"copying {source} failed: {done.stderr.strip()}")


def _prune(root: Path) -> None:
    for path in root.iterdir():
        with contextlib.suppress(OSError):
            age = time.time() - path.lstat().st_mtime
            if age > (86400.0 if path.name.startswith("tmp-") else KEEP):
                shutil.rmtree(path, ignore_errors=True)
