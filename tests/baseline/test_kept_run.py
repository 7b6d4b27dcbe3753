"""What a kept run has to say about a load call of now."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from pytest_asyncbench.baseline.kept_run import NONE, Baseline, Call, resolved
from pytest_asyncbench.measure.run import Run
from pytest_asyncbench.report.document import Environment, Machine
from pytest_asyncbench.report.session import report_of
from pytest_asyncbench.testcase import Record, Settings, TestCase
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.requests import request
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.statements import Budget, SinceBaseline, SinceKept

HERE = Machine("a CPU", 2, 8 * 2**30, "6.1", "Linux x86_64", "CPython 3.11.7")
THERE = replace(HERE, cores=4)
PLAN = LoadPlan((request("GET", "/"),), users=3)
SWING = tuple(100.0 + n for n in range(8))
SPEED, ERRORS = SinceBaseline("rps", 1.2), SinceBaseline("errors", 1.1)


@pytest.fixture
def kept(make_evidence):
    """Makes the kept run of a test with these rates by variant."""

    def made(rates=None, machine=HERE, plan=PLAN, name="t.py::t", times=1, **words):
        rates = rates or {"server": SWING}
        evidence = make_evidence(rates, plan=plan, **words)
        case = TestCase(name, evidence.specs, (), Settings({}), SimpleNamespace(logs=dict), None)
        run = Run(evidence, effort=Effort(), ok=dict.fromkeys(rates, 0))
        case.records += [Record(run, ())] * times
        environment = Environment("0", "3.11", {}, machine, "6.1.2")
        report = report_of([case], {}, environment, {}, ended=0.0, seconds=1.0)
        return Baseline("", "before", report, HERE)

    return made


@pytest.fixture
def call(make_evidence):
    """Makes a load call of now."""

    def made(plan=PLAN, variants=("server",), number=0, test="t.py::t"):
        specs = make_evidence(dict.fromkeys(variants, SWING)).specs
        return Call(test, plan, specs, number)

    return made


def test_the_values_of_then_become_part_of_the_statement(kept, call):
    own = Budget("p95", 1.0)
    found, notices = resolved([SPEED, own, ERRORS], kept(), call())
    speed, errors, last = found
    assert notices == []
    assert isinstance(speed, SinceKept)
    assert speed.values_of("server") == pytest.approx(SWING)
    assert (speed.within, speed.name) == (1.2, "before")
    assert errors.values_of("server") == (0.0,)
    assert last is own


def test_without_statements_about_a_baseline_nothing_is_said(kept, call):
    assert resolved([Budget("p95", 1.0)], NONE, call()) == ([Budget("p95", 1.0)], [])


def test_without_a_baseline_it_is_a_notice(call):
    found, [notice] = resolved([SPEED], NONE, call())
    assert found == []
    assert notice.startswith("not judged: rps is not worse than the baseline by 20 %: there is no baseline")


def test_on_another_machine_only_counts_are_judged(kept, call):
    found, [notice] = resolved([SPEED, ERRORS], kept(machine=THERE), call())
    assert [statement.metric for statement in found] == ["errors"]
    assert "another machine (cores 4 and 2)" in notice


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (replace(PLAN, users=4), "users was 3, is 4"),
        (replace(PLAN, requests=(request("GET", "/", name="GET /", params={"a": 1}),)), "requests was"),
        (replace(PLAN, keepalive=False), "keepalive was True, is False"),
        (replace(PLAN, think_time=1.0), "think_time was , is 1.0"),
    ],
)
def test_another_plan_is_not_compared(kept, call, plan, why):
    found, [notice] = resolved([SPEED], kept(), call(plan))
    assert found == []
    assert f"another plan: {why}" in notice


@pytest.mark.parametrize("words", [{"rounds": 12}, {"duration": 5.0}, {"max_time": 60.0}])
def test_how_long_is_measured_does_not_matter(kept, call, words):
    assert resolved([SPEED], kept(), call(replace(PLAN, **words)))[1] == []


def test_another_test_another_name_another_variant(kept, call):
    assert "has no 'GET /' of this test" in resolved([SPEED], kept(), call(test="t.py::u"))[1][0]
    assert "has no 'x' of this test" in resolved([SPEED], kept(), call(replace(PLAN, name="x")))[1][0]
    found, [notice] = resolved([SPEED], kept(), call(variants=("server", "new")))
    assert [name for name, _ in found[0].kept] == ["server"]
    assert "no variant 'new'" in notice


def test_a_broken_run_is_no_baseline(kept, call):
    found, [notice] = resolved([SPEED], kept(complaints=("the agent was late",)), call())
    assert found == []
    assert "INVALID itself there: the agent was late" in notice


def test_a_run_without_that_value_is_no_baseline(kept, call):
    _, [notice] = resolved([SinceBaseline("memory", 1.2)], kept(), call())
    assert "no memory of 'server'" in notice


def test_another_server_is_judged_and_told(kept, call):
    now = call()
    spec = now.specs["server"].with_options(threads=8).with_env(DB_POOL="1")
    found, [notice] = resolved([SPEED], kept(), replace(now, specs={"server": spec}))
    assert len(found) == 1
    assert "threads was 4, is 8; DB_POOL was not set, is 1" in notice


def test_the_same_name_again_is_the_same_place_again(kept, call):
    assert resolved([SPEED], kept(times=2), call(number=1))[1] == []
