"""Verdicts become the outcome of a test: pass, failure or skip, in the call phase."""

from __future__ import annotations

import math
import operator
import time
from collections.abc import Generator
from typing import Any, NoReturn

import pytest

from pytest_asyncbench.errors import AsyncBenchError, Inconclusive, UnknownValue
from pytest_asyncbench.fixtures import STATEMENT_MARKERS, uses_load
from pytest_asyncbench.items import CASE, CURRENT, ENDED, bench, case_of, start_servers
from pytest_asyncbench.measure.comparison import Comparison, failed_on
from pytest_asyncbench.measure.value import Measure
from pytest_asyncbench.report.text import explain, reason
from pytest_asyncbench.settings import option_value, timeout
from pytest_asyncbench.testcase import TestCase

COMPARISONS = {">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le}
TIMEOUT_SHARE = 0.8
"""Of the time that pytest-timeout gives a test; the rest is for stopping what was started."""


def set_up(item: pytest.Item) -> Generator[None, Any, Any]:
    """Set up the test's fixtures, then start its servers; what goes wrong is told without our own traceback."""
    item.config.stash[CURRENT] = item
    if ENDED in item.stash:
        return (yield)
    began = time.monotonic()
    try:
        bench(item.config).begin_test()
        result = yield
        if uses_load(item):
            case_of(item).ends = began + TIMEOUT_SHARE * timeout(item)
            start_servers(item)
    except AsyncBenchError as error:
        raise pytest.fail.Exception(f"{type(error).__name__}: {error}", pytrace=False) from None
    return result


def judge_body(item: pytest.Item) -> Generator[None, Any, Any]:
    """Run the test's body, then give its verdict. A failing body comes before every verdict.

    What runs a failed test again (pytest-rerunfailures) gets the same once more: a second measurement would have an
    error rate of its own. Only a body that failed before it fired load is run again.
    """
    if ENDED in item.stash:
        raise item.stash[ENDED]
    try:
        return (yield from _judge_once(item))
    except BaseException as error:
        if case_of(item).records:
            item.stash[ENDED] = error
        raise


def _judge_once(item: pytest.Item) -> Generator[None, Any, Any]:
    case = case_of(item)
    try:
        result = yield
    except Inconclusive as error:
        _undecided(item, case, str(error))
        return None
    except UnknownValue:
        if not case.settings.smoke:  # where one request was not enough for the value
            raise
        result = None
    except AssertionError as error:  # under --assert=plain it has no words of its own
        if not error.args and (words := failed_on(error.__traceback__)):
            error.args = (words,)
        raise
    finally:
        _keep_measures(item, case)
    _give_verdict(item, case)
    return result


def keep_the_reason(item: pytest.Item, report: pytest.TestReport) -> None:
    """Leave the reason of a failure in pytest's short summary and in the message of JUnit XML, not what explains it.

    pytest shortens them to a line, but not on CI: there each failure would be told twice in full.
    """
    case = item.stash.get(CASE, None)
    crash = getattr(report.longrepr, "reprcrash", None)
    if case is not None and case.explained and crash is not None:
        crash.message = crash.message.partition("\n\n")[0]


def explain_comparison(sign: str, left: Any, right: Any) -> list[str] | None:
    """What stands under an assert that failed on a comparison of measured values; None if it is none."""
    found = COMPARISONS[sign](left, right) if sign in COMPARISONS else None
    return found.lines() if isinstance(found, Comparison) else None


def _give_verdict(item: pytest.Item, case: TestCase) -> None:
    stated = any(mark.name in STATEMENT_MARKERS for mark in item.iter_markers())
    if stated and (why := case.unused()):
        _fail(f"INVALID: {why}")
    outcome = case.outcome()
    if outcome in ("FAIL", "INVALID"):
        _fail_explained(case)
    if outcome == "INCONCLUSIVE":
        _inconclusive(item, reason(case))


def _undecided(item: pytest.Item, case: TestCase, why: str) -> None:
    """A comparison in the body that the evidence does not decide."""
    if case.settings.smoke:
        _give_verdict(item, case)
        return
    if case.outcome() in ("FAIL", "INVALID"):
        _fail_explained(case)
    case.undecided += 1
    _inconclusive(item, f"INCONCLUSIVE: {why}")


def _inconclusive(item: pytest.Item, text: str) -> None:
    becomes = option_value(item.config, "inconclusive")
    if becomes == "fail":
        _fail(text)
    if becomes == "skip":
        raise pytest.skip.Exception(text, _use_item_location=True)


def _fail_explained(case: TestCase) -> NoReturn:
    case.explained = True
    _fail(f"{reason(case)}\n\n{explain(case)}")


def _fail(text: str) -> NoReturn:
    raise pytest.fail.Exception(text, pytrace=False)


def _keep_measures(item: pytest.Item, case: TestCase) -> None:
    """Every measure becomes a property of the test: JUnit XML and other reporters have it from there."""
    from pytest_asyncbench.metrics import METRICS

    for label, run in [pair for record in case.records for pair in record.runs.items()]:
        for variant in run.variants:
            for name in METRICS:
                try:
                    found = run[variant].measure(name)
                except UnknownValue:
                    continue
                item.user_properties += _properties(f"{label}/{variant}/{name}", found)
    for race in [record.race for record in case.records if record.race]:
        if not race.why_not():
            item.user_properties.append((f"{race.name}/best", race.best))
            item.user_properties += [(f"{race.name}/ties", ", ".join(race.ties))] * bool(race.ties)
    for ramp in [record.ramp for record in case.records if record.ramp]:
        for name, value in ramp.known().items():
            item.user_properties += _properties(f"{ramp.name}/{name}", value)


def _properties(name: str, found: Measure) -> list[tuple[str, object]]:
    """A value, and the ends of its interval where there is one."""
    exact = found.low == found.high or (found.low, found.high) == (0.0, math.inf)
    ends = [] if exact else [(f"{name}/low", found.low), (f"{name}/high", found.high)]
    return [(name, found.value), *ends]
