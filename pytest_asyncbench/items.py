"""What pytest's items say about load: their servers, databases and statements, and the state of each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_asyncbench.aload import AsyncLoad
from pytest_asyncbench.baseline.counterparts import Counterparts
from pytest_asyncbench.baseline.kept_run import NONE, Baseline
from pytest_asyncbench.baseline.old_stage import OldStages
from pytest_asyncbench.baseline.revision import Revision
from pytest_asyncbench.bench import Bench
from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.fixtures import STATEMENT_MARKERS, parameter, uses
from pytest_asyncbench.load import Load
from pytest_asyncbench.marks import DatabaseMark, Mark, database, statements, variants
from pytest_asyncbench.measure.progress import Progress
from pytest_asyncbench.report.live import LiveLine
from pytest_asyncbench.servers.external import at_urls
from pytest_asyncbench.servers.instance import Instance
from pytest_asyncbench.servers.spec import ServerSpec
from pytest_asyncbench.settings import is_smoke, judges_all, option_value, revision, upstream_port
from pytest_asyncbench.stage import TestDatabases, TestStage
from pytest_asyncbench.testcase import Settings, TestCase, Watch, require_specs
from pytest_asyncbench.verdict.statements import SinceBaseline

if TYPE_CHECKING:
    from pytest_asyncbench.postgres import Cluster, Database, LoadStep
    from pytest_asyncbench.upstream.client import Upstream

BENCH: pytest.StashKey[Bench] = pytest.StashKey()
CURRENT: pytest.StashKey[pytest.Item] = pytest.StashKey()
CASE: pytest.StashKey[TestCase] = pytest.StashKey()
REVISION: pytest.StashKey[Revision | None] = pytest.StashKey()
ENDED: pytest.StashKey[BaseException] = pytest.StashKey()
"""How the body of a test that fired load has ended: what runs it again gets the same."""
BASELINE: pytest.StashKey[Baseline] = pytest.StashKey()

MARKERS = ("server", "variants", "database", *STATEMENT_MARKERS)


def bench(config: pytest.Config) -> Bench:
    """What the session shares, made on first use."""
    if BENCH not in config.stash:
        names = "postgres", "postgres-profile", "agents"
        config.stash[BENCH] = Bench(*(option_value(config, name) for name in names))
    return config.stash[BENCH]


def revision_of(config: pytest.Config) -> Revision | None:
    """The git revision that this session is compared with. Raises pytest.UsageError."""
    if REVISION not in config.stash:
        config.stash[REVISION] = revision(config)
    return config.stash[REVISION]


def baseline(config: pytest.Config) -> Baseline:
    """The kept run that this session is compared with, read on first use; without one, why there is none."""
    if BASELINE not in config.stash:
        name = option_value(config, "compare")
        config.stash[BASELINE] = _baseline(config.rootpath, name) if name else NONE
        if name and config.stash[BASELINE].report is None:
            bench(config).notices.append(config.stash[BASELINE].why)
    return config.stash[BASELINE]


def load_of(config: pytest.Config) -> Load:
    """The `load` of a session: it acts on the test that is running."""
    return Load(lambda: case_of(config.stash[CURRENT]))


def async_load_of(config: pytest.Config) -> AsyncLoad:
    """The `aload` of a session."""

    def cancel() -> None:
        case_of(config.stash[CURRENT]).cancelled.set()
        bench(config).agent().cancel()

    return AsyncLoad(load_of(config), cancel)


def upstream_of(config: pytest.Config) -> Upstream:
    """The session's upstream, started on first use."""
    return bench(config).upstream(upstream_port(config))


@contextmanager
def clones(item: pytest.Item, postgres: Callable[[], object]) -> Iterator[TestDatabases]:
    """The databases of a test, one for each of its variants, dropped at the end.

    `postgres` gives the session's server; a test with settings of its own gets another. Raises PostgresError.
    """
    cluster = _cluster(item, postgres)
    steps = load_steps(item)
    template = cluster.template(steps) if steps else None
    with ExitStack() as drop:
        each: dict[str, Database] = {}
        for name in case_of(item).specs or (item.name,):
            each[name] = cluster.database(template, name)
            drop.callback(each[name].drop)
        yield TestDatabases(each, cluster.origin, tuple(cluster.missing), cluster)


def _cluster(item: pytest.Item, postgres: Callable[[], object]) -> Cluster:
    """Where the databases of a test are."""
    wanted = database_mark(item)
    shared = bench(item.config)
    own = dict(wanted.settings) if wanted is not None else {}
    return shared.cluster(own) if own else shared.adopt(postgres())


def the_server(item: pytest.Item) -> Instance:
    """The one server of a test, started on first use. Raises SpecError if it has none, or several."""
    case = case_of(item)
    require_specs(case.specs)
    if len(case.specs) > 1:
        names = ", ".join(case.specs)
        raise SpecError(f"the test has several servers ({names}); the server fixture is for one")
    return next(iter(case.stage.instances().values()))


def overrides_server(item: pytest.Item) -> bool:
    """Whether a test's `server` is a fixture of its own, which returns a spec."""
    return "server" in getattr(item, "fixturenames", ()) and not uses(item, "server")


def case_of(item: pytest.Item) -> TestCase:
    """The state of one test, made from its markers on first use. Raises SpecError for what cannot be meant."""
    if CASE not in item.stash:
        item.stash[CASE] = _case(item)
    return item.stash[CASE]


def start_servers(item: pytest.Item) -> None:
    """Start the servers of a test that uses load, after its other fixtures. Raises what makes its set-up fail."""
    case = case_of(item)
    require_specs(case.specs)
    case.stage.instances()


def load_steps(item: pytest.Item) -> tuple[LoadStep, ...]:
    """What is loaded into the template of a test's database, checked. Raises SpecError."""
    given, base = _load_entries(item)
    if not given:
        return ()
    from pytest_asyncbench.postgres import validate_load

    return validate_load(given, base)


def _load_entries(item: pytest.Item) -> tuple[tuple[Any, ...], Path]:
    """What is loaded as it was written, and the directory that its relative paths start from."""
    mark = database_mark(item)
    if mark is not None and mark.load is not None:
        return mark.load, item.path.parent
    return tuple(item.config.getini("asyncbench_database_load")), item.config.rootpath


def database_mark(item: pytest.Item) -> DatabaseMark | None:
    """What the closest `database` marker of a test asks for; None without one. Raises SpecError."""
    return database(read_marks(item))


def read_marks(item: pytest.Item) -> list[Mark]:
    """Our markers at a test, its class, its module: the closest first, each with its level."""
    levels: dict[Any, int] = {}
    found = []
    for node, mark in item.iter_markers_with_node():
        if mark.name in MARKERS:
            found.append(Mark(mark.name, mark.args, mark.kwargs, levels.setdefault(node, len(levels))))
    return found


def _case(item: pytest.Item) -> TestCase:
    config = item.config
    specs = _specs(item)
    names = ("duration", "slot", "warmup", "max-time", "rounds")
    case = TestCase(
        name=item.nodeid,
        specs=specs,
        statements=statements(read_marks(item), None if _names_requests(item, specs) else specs),
        settings=Settings(
            defaults={name.replace("-", "_"): option_value(config, name) for name in names},
            confidence=option_value(config, "confidence"),
            seed=option_value(config, "seed"),
            smoke=is_smoke(config),
            launch_allowance=option_value(config, "launch-allowance"),
        ),
        stage=_stage(item, specs),
        watch=_watch(config),
        counterparts=_counterparts(item, specs),
        baseline=baseline(config),
    )
    bench(config).cases.append(case)
    return case


def _counterparts(item: pytest.Item, specs: Mapping[str, ServerSpec]) -> Counterparts | None:
    """The test's servers as they are in the revision that the session is compared with."""
    config, shared = item.config, bench(item.config)
    found = revision_of(config)
    if found is None:
        return None
    entries, base = _load_entries(item)
    stages = OldStages(
        worktree=lambda: shared.worktree(found),
        root=config.rootpath,
        python_path=_python_path(config),
        python=option_value(config, "against-python") or None,
        entries=entries,
        base=base,
        cluster=(lambda: _cluster(item, lambda: _request(item).getfixturevalue("postgres")))
        if _wants_database(item)
        else None,
        load_agent=shared.agent,
        find_upstream=lambda: _upstream_url(item),
        at_end=item.addfinalizer,
    )
    return Counterparts(found, specs, stages.make, SinceBaseline() if judges_all(config) else None)


def _baseline(root: Path, name: str) -> Baseline:
    from pytest_asyncbench.baseline.saved import DIRECTORY, kept, names
    from pytest_asyncbench.report.environment import machine
    from pytest_asyncbench.report.file import UnreadableReport

    try:
        report = kept(root, name)
    except UnreadableReport as error:
        return Baseline(f"the kept run {name!r} is of no use: {error}", name)
    if report is None:
        known = ", ".join(names(root)) or "none"
        return Baseline(f"no run is kept as {name!r} in {root / DIRECTORY} (there are: {known})", name)
    return Baseline("", name, report, machine())


def _names_requests(item: pytest.Item, specs: Mapping[str, ServerSpec]) -> bool:
    """Whether the test itself says `load.compare(...)`, whose names markers may use, and which are known when it
    runs."""
    code = getattr(getattr(item, "function", None), "__code__", None)
    return len(specs) == 1 and code is not None and "compare" in code.co_names


def _watch(config: pytest.Config) -> Watch:
    """The live line on a terminal; nothing in a log, under -q and in a smoke run."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    capture = config.pluginmanager.getplugin("capturemanager")
    if reporter is None or not reporter.isatty or reporter.verbosity < 0:
        return lambda statements, effort, plan: Progress()
    uncaptured = capture.global_and_fixture_disabled if capture is not None else nullcontext
    return lambda statements, effort, plan: LiveLine(reporter, uncaptured, statements, effort, plan.max_time)


def _stage(item: pytest.Item, specs: Mapping[str, ServerSpec]) -> TestStage:
    def databases() -> TestDatabases | None:
        return _databases(item) if _wants_database(item) else None

    return TestStage(
        specs=specs,
        root=item.config.rootpath,
        python_path=_python_path(item.config),
        load_agent=bench(item.config).agent,
        find_databases=databases,
        find_upstream=lambda: _upstream_url(item),
        at_end=item.addfinalizer,
    )


def _python_path(config: pytest.Config) -> tuple[str, ...]:
    """pytest's `pythonpath`, absolute."""
    return tuple(str(config.rootpath / Path(entry)) for entry in config.getini("pythonpath"))


def _upstream_url(item: pytest.Item) -> str:
    return str(_request(item).getfixturevalue("upstream").url)


def _specs(item: pytest.Item) -> dict[str, ServerSpec]:
    """The test's servers, or those that run already and take their place (`--asyncbench-url`)."""
    urls = option_value(item.config, "url")
    return at_urls(_described(item), urls) if urls else _described(item)


def _described(item: pytest.Item) -> dict[str, ServerSpec]:
    """The test's servers: of its own `server` fixture, of indirect parametrization, of markers, of ini."""
    if overrides_server(item):
        value = _request(item).getfixturevalue("server")
        return {"server": _require_spec(value, f"the fixture server of {item.name} returned")}
    given = parameter(item, "server")
    if isinstance(given, ServerSpec):
        return {"server": given}
    return variants(read_marks(item)) or _ini_server(item.config)


def _ini_server(config: pytest.Config) -> dict[str, ServerSpec]:
    target = config.getini("asyncbench_server")
    if not target:
        return {}
    module, _, attribute = target.partition(":")
    try:
        spec = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise SpecError(f"asyncbench_server = {target} in ini cannot be imported: {error}") from error
    return {"server": _require_spec(spec, f"asyncbench_server = {target} in ini is")}


def _require_spec(value: object, what: str) -> ServerSpec:
    if isinstance(value, ServerSpec):
        return value
    raise SpecError(
        f"{what} {value!r}; it must be a server spec such as granian('app:wsgi', interface='wsgi')"
    )


def _databases(item: pytest.Item) -> TestDatabases:
    found = _request(item).getfixturevalue("database")
    if isinstance(found, TestDatabases):
        return found
    raise SpecError(
        f"the fixture database of {item.name} is not ours and returned {found!r}; give it another name"
    )


def _wants_database(item: pytest.Item) -> bool:
    """Whether the servers of a test get a database: by marker, by fixture, or for the whole suite by ini."""
    named = "database" in getattr(item, "fixturenames", ())
    return named or database_mark(item) is not None or bool(item.config.getini("asyncbench_database_load"))


def _request(item: pytest.Item) -> pytest.FixtureRequest:
    """The item's own fixture request: the only way to ask for a fixture outside of one."""
    return item._request  # type: ignore[attr-defined,no-any-return]
