"""Reports of synthetic sessions, without a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_asyncbench.judging import judge_all
from pytest_asyncbench.marks import BUILT_IN
from pytest_asyncbench.measure.ramp_run import Ascent, Ramp
from pytest_asyncbench.measure.run import Run
from pytest_asyncbench.measure.watching import DatabaseCounters, SlotCounters
from pytest_asyncbench.report.document import Environment, Machine, Report, Revision
from pytest_asyncbench.report.session import Ending, report_of
from pytest_asyncbench.testcase import Record, Settings, TestCase
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.ramp_plan import RampPlan
from pytest_asyncbench.traffic.requests import request
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.statements import Budget, Ordering, Statement

HOSTILE = "<img src=x onerror=alert(1)> $x^2$ **b** | `c`"
LOG = 'x "></pre><script>alert("log")</script> \x1b[31m &amp; end'
SWING = (100.0, 101.0, 99.0, 102.0, 98.0, 103.0, 97.0, 100.0)
MACHINE = Machine("a CPU", 2, 8 * 2**30, "6.1", "Linux x86_64", "CPython 3.11.7", 1.5, 2**30)
ENVIRONMENT = Environment(
    "0.1.0", "CPython 3.11.7", {"pytest": "9.0"}, MACHINE, "6.1.2", Revision("abc" * 10, "main", True)
)


def case(name: str, specs: Mapping[str, Any], statements: Sequence[Statement], *records: Record) -> TestCase:
    """A test that fired load."""
    made = TestCase(name, specs, statements, Settings({}), SimpleNamespace(logs=dict), None)  # type: ignore[arg-type]
    made.records += records
    return made


@pytest.fixture(scope="session")
def make_case(make_evidence: Callable[..., Any]) -> Callable[..., TestCase]:
    """Makes a test of one load call: rates by variant, statements, words of the evidence."""

    def made(
        rates: Mapping[str, Sequence[float]], *statements: Statement, name: str = "t.py::t", **words: Any
    ):
        evidence = make_evidence(rates, **words)
        run = Run(evidence, effort=Effort(), ok=dict.fromkeys(rates, 7))
        return case(name, evidence.specs, statements, Record(run, judge_all(evidence, statements, Effort())))

    return made


@pytest.fixture(scope="session")
def make_ramp_case(make_evidence: Callable[..., Any]) -> Callable[..., TestCase]:
    """Makes a test of one ramp, whose throughput stops growing at 400/s; with a cliff at the end, if asked."""

    def made(at_cliff: bool = False) -> TestCase:
        first = LoadPlan((request("GET", "/ramp"),), duration=1.0)
        plan = RampPlan("users", (1, 2, 4, 8, 16), first)
        plateaus = []
        for load in plan.loads:
            rate = min(100.0 * load, 400.0)
            failed = 100 if at_cliff and load == plan.loads[-1] else 0
            words = {"server": {"users": load, "failed": failed}}
            plateaus.append(make_evidence({"server": [rate] * 8}, slots=words, plan=plan.at(load)))
        ramp = Ramp(
            plan,
            [Ascent(plan.loads, tuple(plateaus), at_cliff)],
            lambda evidence: Run(evidence, effort=Effort(), ok={"server": 1}),
            budgets=[Budget("p95", 0.015)],
            notes=["plateaus in ascending order"],
        )
        return case(f"t.py::ramp[{at_cliff}]", plateaus[0].specs, (), Record(ramp.steps[0], (), ramp))

    return made


@pytest.fixture(scope="session")
def watched() -> Callable[[Record], Record]:
    """Gives a load call as if its servers and databases had been watched: most backends waited for a lock."""
    backends = {("active", "Lock", "tuple"): 6.0, ("idle", "", ""): 2.0}
    database = DatabaseCounters(0.05, 600, 600, 3.0, 0, 0, backends, 5, 8)
    counters = SlotCounters(0.5, 2, ((0.2, 0.0),), 4, 100, 0.3, 0.0, 0.0, database)

    def made(record: Record) -> Record:
        evidence = record.run.evidence
        rounds = tuple(tuple(replace(slot, counters=counters) for slot in row) for row in evidence.rounds)
        run = Run(replace(evidence, rounds=rounds), effort=Effort(), ok=dict.fromkeys(evidence.variants, 0))
        return replace(record, run=run)

    return made


@pytest.fixture(scope="session")
def make_report() -> Callable[..., Report]:
    """Makes the report of some tests."""

    def made(*cases: TestCase, endings: Mapping[str, Ending] | None = None, **words: Any) -> Report:
        given = {"ended": 1_700_000_000.0, "seconds": 12.5, **words}
        told = endings or {each.name: Ending("passed", "", 1.0) for each in cases}
        return report_of(cases, told, ENVIRONMENT, {"seed": 1, "slot": 0.5}, **given)

    return made


@pytest.fixture(scope="session")
def report(make_case: Any, make_ramp_case: Any, make_report: Any) -> Report:
    """A session with everything in it: two verdicts, a broken run, failures, hostile texts, a ramp."""
    slower = [rate / 2 for rate in SWING]
    claims = (Ordering((HOSTILE, "b"), by=1.2), Budget("p95", 0.5), BUILT_IN)
    used = {HOSTILE: {"cpu": 0.1, "memory": 1e7}, "b": {"cpu": 0.2, "memory": 2e7}}
    good = make_case({HOSTILE: SWING, "b": slower}, *claims, name="t.py::good", slots=used)
    failing = make_case(
        {"server": SWING},
        BUILT_IN,
        name=f"t.py::failing[{HOSTILE}]",
        slots={"server": {"failed": 30, "first": [LOG]}},
        notes=(LOG,),
    )
    broken = make_case({"server": SWING}, Budget("rps", 5, at_least=True), name="t.py::x", complaints=(LOG,))
    cases = (good, failing, broken, make_ramp_case(), make_ramp_case(at_cliff=True))
    endings = {
        good.name: Ending("passed", "", 1.0),
        failing.name: Ending("failed", f"FAIL: {LOG}", 2.0),
    }
    return make_report(*cases, endings=endings, notices=(LOG,), interrupted=True)
