"""The fixtures, and whether a test uses them.

On the start path of every pytest run: everything else is imported where it is used.
"""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_asyncbench.aload import AsyncLoad
    from pytest_asyncbench.load import Load
    from pytest_asyncbench.postgres import Cluster
    from pytest_asyncbench.servers.instance import Instance
    from pytest_asyncbench.stage import TestDatabases
    from pytest_asyncbench.upstream.client import Upstream

STATEMENT_MARKERS = ("budget", "ordering", "tie", "no_regression", "refused")


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> Cluster:
    """The session's throwaway PostgreSQL, started on first use.

    `.host .port .user .password .options .dbname .dsn(dbname) .version .settings`; pytest-postgresql's factories
    take it as their process fixture.
    """
    from pytest_asyncbench.items import bench

    return bench(pytestconfig).cluster()


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[TestDatabases]:
    """A fresh database of this test, cloned from the loaded template: `.url .name .connect()`.

    With variants there is one clone each: `database["pooled"]`.
    """
    from pytest_asyncbench.items import clones

    with clones(request.node, lambda: request.getfixturevalue("postgres")) as databases:
        yield databases


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Instance:
    """The test's live server: `.url .pid .pids .log .variant`.

    From `@pytest.mark.server(spec)` or `parametrize("server", [spec, ...], indirect=True)`.
    """
    from pytest_asyncbench.items import the_server

    return the_server(request.node)


@pytest.fixture(scope="session")
def upstream(pytestconfig: pytest.Config) -> Upstream:
    """A slow third-party API on loopback: `GET /<ms>/` answers after that time; `.url`, `.requests` of this test.

    Servers are told by `{upstream.url}` in their `env`, `args` or command. Its port is free, or
    `asyncbench_upstream_port`.
    """
    from pytest_asyncbench.items import upstream_of

    return upstream_of(pytestconfig)


@pytest.fixture(scope="session")
def load(pytestconfig: pytest.Config) -> Load:
    """Fires traffic at the test's server, or at all its variants, interleaved: `load.get("/", users=64)`."""
    from pytest_asyncbench.items import load_of

    return load_of(pytestconfig)


@pytest.fixture(scope="session")
def aload(pytestconfig: pytest.Config) -> AsyncLoad:
    """The verbs of `load`, awaitable: `await aload.get("/", users=64)`; cancelling stops the load."""
    from pytest_asyncbench.items import async_load_of

    return async_load_of(pytestconfig)


def uses_load(item: pytest.Item) -> bool:
    """Whether a test uses our `load` or `aload`, itself or through another fixture."""
    return uses(item, "load") or uses(item, "aload")


def is_live(item: pytest.Item) -> bool:
    """Whether a test needs running servers."""
    return uses_load(item) or uses(item, "server")


def concerns_us(item: pytest.Item) -> bool:
    """Whether a test uses one of our fixtures, is given a server spec, or states something.

    Markers of other names that we have too (`database`, `server`) may be somebody else's, and say nothing.
    """
    return (
        is_live(item)
        or uses(item, "database")
        or uses(item, "upstream")
        or any(True for name in STATEMENT_MARKERS if item.get_closest_marker(name))
        or type(parameter(item, "server")).__name__ == "ServerSpec"
    )


def uses(item: pytest.Item, name: str) -> bool:
    """Whether the fixture that a test gets under this name is the one defined here."""
    info = getattr(item, "_fixtureinfo", None)
    found = info.name2fixturedefs.get(name) if info is not None else None
    return found is not None and getattr(found[-1].func, "__module__", "") == __name__


def parameter(item: pytest.Item, name: str) -> object:
    """What a test is parametrized with under this name; None without."""
    callspec = getattr(item, "callspec", None)
    return callspec.params.get(name) if callspec is not None else None
