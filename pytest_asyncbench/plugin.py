"""pytest hooks, and nothing else.

On the start path of every pytest run: everything heavy is imported where it is used.
"""

from __future__ import annotations

import sys

import pytest

from pytest_asyncbench import fixtures, hookspecs, options
from pytest_asyncbench.fixtures import aload, database, load, postgres, server, upstream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from pytest_asyncbench.bench import Bench

__all__ = ["aload", "database", "load", "postgres", "server", "upstream"]

MARKERS = (
    "server(spec): the server that the test's load goes to",
    "variants(name=spec, ...): several named servers, measured interleaved",
    "database(load=[...], settings={...}): what is loaded into the test's database, and PostgreSQL settings",
    "budget(rps=300, p95='250ms', errors='0.1%', run=None): limits that every measured run must keep",
    "ordering('best', 'next', ..., metric='rps', by='5%', run=None): each variant beats the next one by this much",
    "tie('a', 'b', metric='rps', within='10%', run=None): two variants are equal within this factor",
    "no_regression('new', 'old', metric='rps', within='10%', run=None): new is not worse than old by this much",
    "no_regression(metric='rps', within='10%', run=None): no variant is worse than in the baseline",
    "refused('rows_per_request', ..., run=None): the variants cannot be compared, for these reasons and no others",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    options.add_options(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    for marker in MARKERS:
        config.addinivalue_line("markers", f"{marker} (pytest-asyncbench)")
    if options.are_given(config):
        from pytest_asyncbench.settings import check

        check(config)
        from pytest_asyncbench.reporting import keep_reports

        keep_reports(config)
    if config.getoption("asyncbench_against") is not None or config.getini("asyncbench_against"):
        from pytest_asyncbench.items import revision_of

        revision_of(config)
    if added := config.hook.pytest_asyncbench_server_programs(config=config):
        from pytest_asyncbench.settings import add_programs

        add_programs(config, added)


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    if not config.getoption("asyncbench_selfcheck"):
        return None
    from pytest_asyncbench.selfcheck.check import run

    return run(config)


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    if type(val).__name__ != "ServerSpec":
        return None
    label = getattr(val, "label", None)
    return str(label()) if callable(label) else None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    yield
    if config.getoption("asyncbench_skip") or config.getoption("asyncbench_only"):
        _select(config, items)
    ours = [item for item in items if fixtures.concerns_us(item)]
    if ours:
        from pytest_asyncbench.collection import prepare

        prepare(config, ours)


def _select(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = bool(config.getoption("asyncbench_only"))
    dropped = [item for item in items if fixtures.uses_load(item) is not wanted]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if fixtures.uses_load(item) is wanted]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, Any]:
    if not fixtures.concerns_us(item):
        return (yield)
    from pytest_asyncbench.outcomes import set_up

    return (yield from set_up(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    if not fixtures.uses_load(item):
        return (yield)
    from pytest_asyncbench.outcomes import judge_body

    return (yield from judge_body(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    report = yield
    if report.failed and fixtures.uses_load(item):
        from pytest_asyncbench.outcomes import keep_the_reason

        keep_the_reason(item, report)
    return report


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    if "Measure" not in (type(left).__name__, type(right).__name__):
        return None
    from pytest_asyncbench.outcomes import explain_comparison

    return explain_comparison(op, left, right)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.getoption("dist", "no") != "no":
        from pytest_asyncbench.report.skipped import write_skipped

        write_skipped(terminalreporter)
    if bench := _bench(config):
        from pytest_asyncbench.report.summary import write

        write(terminalreporter, bench.cases)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if bench := _bench(session.config):
        bench.close()


def _bench(config: pytest.Config) -> Bench | None:
    """What the session shares, if anything in it needed it."""
    items = sys.modules.get("pytest_asyncbench.items")
    return config.stash.get(items.BENCH, None) if items is not None else None
