from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_asyncbench.errors import PostgresError
from pytest_asyncbench.postgres import Cluster, provide
from pytest_asyncbench.postgres.binaries import find

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
def run_directories():
    """The directories of servers that there are now."""

    def listed() -> set[Path]:
        from pytest_asyncbench.postgres.rundir import PREFIX, places

        return {path for place in places() for path in place.glob(PREFIX + "*")}

    return listed


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
