"""After collection, before anything starts: every test that concerns us is checked."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.fixtures import STATEMENT_MARKERS, is_live, uses_load
from pytest_asyncbench.given import check_given
from pytest_asyncbench.items import case_of, load_steps, overrides_server
from pytest_asyncbench.report.skipped import UNDER_XDIST


def prepare(config: pytest.Config, found: Sequence[pytest.Item]) -> None:
    """Check the collected tests that concern us. Raises pytest.UsageError that names every test and what is wrong.

    On a worker of pytest-xdist load tests are skipped, and nothing is raised (it would be an internal error there).
    """
    if hasattr(config, "workerinput"):
        for item in found:
            if is_live(item):
                item.add_marker(pytest.mark.skip(reason=UNDER_XDIST))
        return
    wrong = [f"{item.nodeid}: {error}" for item in found if (error := _error(item))]
    if wrong:
        raise pytest.UsageError("\n".join(wrong))


def _error(item: pytest.Item) -> str | None:
    try:
        _check(item)
    except SpecError as error:
        return str(error)
    return None


def _check(item: pytest.Item) -> None:
    names = {mark.name for mark in item.iter_markers()}
    stated = [name for name in STATEMENT_MARKERS if name in names]
    if stated and not uses_load(item):
        raise SpecError(
            f"@pytest.mark.{stated[0]} states something about load, and the test does not use the load fixture"
        )
    _check_parametrization(item)
    if not overrides_server(item):
        case = case_of(item)
        if uses_load(item):
            check_given(getattr(item, "function", None), case.statements)
    load_steps(item)


def _check_parametrization(item: pytest.Item) -> None:
    for mark in item.iter_markers("parametrize"):
        arguments = mark.args[0] if mark.args else mark.kwargs.get("argnames", "")
        names = (
            [name.strip() for name in arguments.split(",")] if isinstance(arguments, str) else list(arguments)
        )
        indirect = mark.kwargs.get("indirect", False)
        if "server" in names and not (indirect is True or "server" in (indirect or ())):
            raise SpecError(
                'parametrize("server", ...) needs indirect=True: else the test gets the spec, and no server is started'
            )
