"""The fixtures, and what they need to know of the test that uses them.

On the start path of every pytest run: everything heavy is imported where it is used.
"""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_asyncbench import options

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_asyncbench.bench import Bench
    from pytest_asyncbench.load import Load
    from pytest_asyncbench.marks import Mark
    from pytest_asyncbench.postgres import Cluster, Database
    from pytest_asyncbench.servers.instance import Instance
    from pytest_asyncbench.servers.spec import ServerSpec
    from pytest_asyncbench.stage import TestDatabases, TestStage
    from pytest_asyncbench.testcase import TestCase, Watch

BENCH: pytest.StashKey[Bench] = pytest.StashKey()
CURRENT: pytest.StashKey[pytest.Item] = pytest.StashKey()
CASE: pytest.StashKey[TestCase] = pytest.StashKey()

STATEMENT_MARKERS = ("budget", "ordering", "tie", "no_regression")
MARKERS = ("server", "variants", "database", *STATEMENT_MARKERS)
LOAD_FIXTURES = ("load",)
LIVE_FIXTURES = (*LOAD_FIXTURES, "server")


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> Cluster:
    """The session's throwaway PostgreSQL, started on first use.

    `.host .port .user .password .options .dbname .dsn(dbname) .version .settings`; pytest-postgresql's factories
    take it as their process fixture.
    """
    return bench(pytestconfig).cluster()


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[TestDatabases]:
    """A fresh database of this test, cloned from the loaded template: `.url .name .connect()`.

    With variants there is one clone each: `database["pooled"]`.
    """
    from contextlib import ExitStack

    from pytest_asyncbench.stage import TestDatabases

    item: pytest.Item = request.node
    case = case_of(item)
    wanted = _database_mark(item)
    if wanted is not None and wanted.settings:
        cluster = bench(item.config).cluster(dict(wanted.settings))
    else:
        cluster = bench(item.config).adopt(request.getfixturevalue("postgres"))
    steps = load_steps(item)
    template = cluster.template(steps) if steps else None
    with ExitStack() as drop:
        clones: dict[str, Database] = {}
        for name in case.specs or (item.name,):
            clones[name] = cluster.database(template, name)
            drop.callback(clones[name].drop)
        yield TestDatabases(clones)


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Instance:
    """The test's live server: `.url .pid .pids .log .variant`; from `@pytest.mark.server(spec)` or
    `parametrize("server", [spec, ...], indirect=True)`."""
    from pytest_asyncbench.errors import SpecError
    from pytest_asyncbench.testcase import require_specs

    case = case_of(request.node)
    require_specs(case.specs)
    if len(case.specs) > 1:
        raise SpecError(
            f"the test has several servers ({', '.join(case.specs)}); the server fixture is for one"
        )
    return next(iter(case.stage.instances().values()))


@pytest.fixture(scope="session")
def load(pytestconfig: pytest.Config) -> Load:
    """Fires traffic at the test's server, or at all its variants, interleaved: `load.get("/", users=64)`."""
    from pytest_asyncbench.load import Load

    return Load(lambda: case_of(pytestconfig.stash[CURRENT]))


def bench(config: pytest.Config) -> Bench:
    """What the session shares, made on first use."""
    if BENCH not in config.stash:
        from pytest_asyncbench.bench import Bench

        config.stash[BENCH] = Bench(
            options.value(config, "postgres"), options.value(config, "postgres-profile")
        )
    return config.stash[BENCH]


def uses_load(item: pytest.Item) -> bool:
    """Whether a test uses our `load`, itself or through another fixture."""
    return any(_ours(item, name) for name in LOAD_FIXTURES)


def is_live(item: pytest.Item) -> bool:
    """Whether a test needs running servers."""
    return any(_ours(item, name) for name in LIVE_FIXTURES)


def concerns_us(item: pytest.Item) -> bool:
    """Whether a test uses one of our fixtures or markers (a fixture of the same name elsewhere is not ours)."""
    callspec = getattr(item, "callspec", None)
    given = callspec.params.get("server") if callspec is not None else None
    return (
        is_live(item)
        or type(given).__name__ == "ServerSpec"
        or any(mark.name in MARKERS for mark in item.iter_markers())
    )


def overrides_server(item: pytest.Item) -> bool:
    """Whether a test's `server` is a fixture of its own, which returns a spec."""
    return "server" in getattr(item, "fixturenames", ()) and not _ours(item, "server")


def case_of(item: pytest.Item) -> TestCase:
    """The state of one test, made from its markers on first use. Raises SpecError for what cannot be meant."""
    if CASE not in item.stash:
        item.stash[CASE] = _case(item)
    return item.stash[CASE]


def start_servers(item: pytest.Item) -> None:
    """Start the servers of a test that uses load, after its other fixtures. Raises what makes its set-up fail."""
    from pytest_asyncbench.testcase import require_specs

    case = case_of(item)
    require_specs(case.specs)
    case.stage.instances()


def load_steps(item: pytest.Item) -> tuple[Any, ...]:
    """What is loaded into the template of a test's database, checked. Raises SpecError."""
    mark = _database_mark(item)
    if mark is not None and mark.load is not None:
        given, base = mark.load, item.path.parent
    else:
        given, base = tuple(item.config.getini("asyncbench_database_load")), item.config.rootpath
    if not given:
        return ()
    from pytest_asyncbench.postgres import validate_load

    return validate_load(given, base)


def read_marks(item: pytest.Item) -> list[Mark]:
    """Our markers at a test, its class, its module: the closest first, each with its level."""
    from pytest_asyncbench.marks import Mark

    levels: dict[Any, int] = {}
    found = []
    for node, mark in item.iter_markers_with_node():
        if mark.name in MARKERS:
            found.append(Mark(mark.name, mark.args, mark.kwargs, levels.setdefault(node, len(levels))))
    return found


def _case(item: pytest.Item) -> TestCase:
    from pytest_asyncbench import marks
    from pytest_asyncbench.testcase import Settings, TestCase

    config = item.config
    specs = _specs(item)
    names = ("duration", "slot", "warmup", "max-time", "rounds")
    case = TestCase(
        name=item.nodeid,
        specs=specs,
        statements=marks.statements(read_marks(item), tuple(specs)),
        settings=Settings(
            defaults={name.replace("-", "_"): options.value(config, name) for name in names},
            confidence=options.value(config, "confidence"),
            seed=options.value(config, "seed"),
            smoke=options.smoke(config),
        ),
        stage=_stage(item, specs),
        watch=_watch(config),
    )
    bench(config).cases.append(case)
    return case


def _watch(config: pytest.Config) -> Watch:
    """The live line on a terminal; nothing in a log, under -q and in a smoke run."""
    from pytest_asyncbench.measure.sampling import Progress
    from pytest_asyncbench.report.live import LiveLine

    reporter = config.pluginmanager.getplugin("terminalreporter")
    capture = config.pluginmanager.getplugin("capturemanager")
    if reporter is None or not reporter.isatty or reporter.verbosity < 0:
        return lambda statements, effort, plan: Progress()
    uncaptured = capture.global_and_fixture_disabled if capture is not None else nullcontext
    return lambda statements, effort, plan: LiveLine(reporter, uncaptured, statements, effort, plan.max_time)


def _stage(item: pytest.Item, specs: Mapping[str, ServerSpec]) -> TestStage:
    from pytest_asyncbench.stage import TestStage

    def databases() -> Mapping[str, Database]:
        return _request(item).getfixturevalue("database").each if _wants_database(item) else {}

    return TestStage(
        specs=specs,
        root=item.config.rootpath,
        python_path=tuple(
            str(item.config.rootpath / Path(entry)) for entry in item.config.getini("pythonpath")
        ),
        load_agent=bench(item.config).agent,
        databases=databases,
        at_end=item.addfinalizer,
    )


def _specs(item: pytest.Item) -> dict[str, ServerSpec]:
    """The test's servers: of its own `server` fixture, of indirect parametrization, of markers, of ini."""
    from pytest_asyncbench import marks
    from pytest_asyncbench.servers.spec import ServerSpec

    if overrides_server(item):
        value = _request(item).getfixturevalue("server")
        if isinstance(value, ServerSpec):
            return {"server": value}
        raise _not_a_spec(f"the fixture server of {item.name} returned {value!r}")
    callspec = getattr(item, "callspec", None)
    given = callspec.params.get("server") if callspec is not None else None
    if isinstance(given, ServerSpec):
        return {"server": given}
    return marks.variants(read_marks(item)) or _ini_server(item.config)


def _ini_server(config: pytest.Config) -> dict[str, ServerSpec]:
    from importlib import import_module

    from pytest_asyncbench.servers.spec import ServerSpec

    target = config.getini("asyncbench_server")
    if not target:
        return {}
    module, _, attribute = target.partition(":")
    try:
        spec = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise _not_a_spec(f"asyncbench_server = {target} cannot be imported ({error})") from error
    if not isinstance(spec, ServerSpec):
        raise _not_a_spec(f"asyncbench_server = {target} is {spec!r}")
    return {"server": spec}


def _not_a_spec(what: str) -> Exception:
    from pytest_asyncbench.errors import SpecError

    return SpecError(f"{what}; it must be a server spec such as granian('app:wsgi', interface='wsgi')")


def _wants_database(item: pytest.Item) -> bool:
    """Whether the servers of a test get a database: by marker, by fixture, or for the whole suite by ini."""
    named = "database" in getattr(item, "fixturenames", ())
    return named or _database_mark(item) is not None or bool(item.config.getini("asyncbench_database_load"))


def _database_mark(item: pytest.Item) -> Any:
    from pytest_asyncbench import marks

    return marks.database(read_marks(item))


def _ours(item: pytest.Item, name: str) -> bool:
    """Whether the fixture that a test gets under this name is the one defined here."""
    info = getattr(item, "_fixtureinfo", None)
    found = info.name2fixturedefs.get(name) if info is not None else None
    return bool(found) and getattr(found[-1].func, "__module__", "") == __name__


def _request(item: pytest.Item) -> pytest.FixtureRequest:
    """The item's own fixture request: the only way to ask for a fixture outside of one."""
    return item._request  # type: ignore[attr-defined,no-any-return]
