"""One test's state: what it fires, what it states, what it came to."""

from __future__ import annotations

import time
from typing import Any

import pytest

from pytest_asyncbench import firing
from pytest_asyncbench.errors import Inconclusive, SpecError, UnknownValue
from pytest_asyncbench.marks import Mark, statements
from pytest_asyncbench.measure.progress import Progress
from pytest_asyncbench.servers.factories import granian
from pytest_asyncbench.testcase import Settings, TestCase, require_specs
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.requests import request

SPEC = granian("app:wsgi", interface="wsgi", threads=4, host_header="example.com")


@pytest.fixture
def case_of(fake_agent, make_stage):
    """Makes a test of some rates, with statements given as markers."""

    def made(*marks: Mark, rates=None, special=None, settings=None) -> TestCase:
        agent = fake_agent(special, **(rates or {"server": 100.0}))
        stage = make_stage(agent, agent.ports, cleared=("PYTHONDEVMODE",), surroundings=("PostgreSQL 18",))
        specs = dict.fromkeys(rates or ["server"], SPEC)
        stated = statements(marks, tuple(specs))
        return TestCase("t", specs, stated, settings or Settings({}, seed=7), stage, lambda *_: Progress())

    return made


def plan(**words: Any) -> LoadPlan:
    return LoadPlan((request("GET", "/"),), **words)


def mark(name: str, *args: object, **kwargs: object) -> Mark:
    return Mark(name, args, kwargs, 0)


def test_a_claim_is_judged_and_recorded(case_of):
    case = case_of(mark("ordering", "a", "b"), mark("budget", rps=80), rates={"a": 100.0, "b": 50.0})
    run = case.fire(plan())
    assert run.variants == ("a", "b")
    assert [(item.variant, item.outcome) for item in case.told()] == [
        ("", "PASS"),
        ("a", "PASS"),
        ("b", "FAIL"),
    ]
    assert case.outcome() == "FAIL"
    assert case.records[0].run is run
    assert len(run.evidence.rounds) == 8, "decided at the first look"
    assert case.unused() is None


def test_without_statements_twelve_rounds_are_measured(case_of):
    case = case_of()
    assert len(case.fire(plan()).evidence.rounds) == 12
    assert len(case.fire(plan(rounds=18)).evidence.rounds) == 18
    assert (case.outcome(), case.told()) == ("PASS", [])


def test_rounds_of_the_call_or_of_the_session_are_the_last_look(case_of):
    undecided = mark("budget", rps=100)
    assert case_of(undecided).fire(plan()).evidence.cap == 30
    assert case_of(undecided).fire(plan(rounds=12)).evidence.cap == 12
    case = case_of(undecided, settings=Settings({"rounds": 18}, seed=7))
    assert case.fire(plan()).evidence.cap == 18
    assert case.outcome() == "INCONCLUSIVE"


def test_the_seed_of_the_session_orders_the_slots(case_of, monkeypatch):
    assert case_of(settings=Settings({}, seed=5)).fire(plan()).evidence.seed == 5
    monkeypatch.setattr(firing, "draw_seed", lambda: 123)
    assert case_of(settings=Settings({})).fire(plan()).evidence.seed == 123


def test_the_confidence_of_the_session_is_the_one_of_the_intervals(case_of):
    case = case_of(mark("budget", rps=80), settings=Settings({}, confidence=0.999, seed=7))
    assert len(case.fire(plan()).evidence.rounds) > 8


def test_ok_answers_add_up_over_all_calls(case_of):
    case = case_of()
    first = case.fire(plan(warmup=0.5, rounds=8))
    alone = 3
    assert first.ok == 50 * (1 + 1 + 8) + alone
    second = case.fire(plan(warmup=0.5, rounds=8))
    assert (first.ok, second.ok) == (503, 1006)


def test_statements_of_a_named_run_judge_only_that(case_of):
    case = case_of(mark("budget", rps=200, run="fast"), mark("budget", rps=80))
    case.fire(plan(name="slow"))
    assert case.outcome() == "PASS"
    assert case.unused() == "no load call was named 'fast'; write load.get(..., name='fast')"
    case.fire(plan(name="fast"))
    assert (case.outcome(), case.unused()) == ("FAIL", None)


def test_an_error_limit_of_a_named_run_replaces_the_built_in_one(case_of):
    failing = {number: {"failed": 1} for number in range(99)}
    case = case_of(mark("budget", errors="5%", run="rough"), special=failing)
    case.fire(plan(name="rough"))
    assert case.outcome() == "PASS"
    case = case_of(mark("budget", errors="5%", run="rough"), special=failing)
    case.fire(plan(name="other"))
    assert case.outcome() == "FAIL"


def test_a_test_that_states_something_must_fire(case_of):
    assert (
        case_of(mark("budget", rps=1))
        .unused()
        .startswith("the test states something about load and never fired any")
    )


def test_a_smoke_run_sends_one_request_and_decides_nothing(case_of):
    case = case_of(mark("budget", rps=1e6), rates={"a": 100.0, "b": 50.0}, settings=Settings({}, smoke=True))
    run = case.fire(plan())
    assert [burst.count for burst in case.stage.agent().plans] == [1, 1]
    assert run["a"].outcomes == {"ok": 1}
    assert (case.outcome(), case.records, case.unused()) == ("PASS", [], None)
    with pytest.raises(Inconclusive, match="a smoke run"):
        bool(run["a"].rps > run["b"].rps)
    # Not the test's fault: its body ends there.
    for unknown in ("p95", "queries_per_request", "limiter"):
        with pytest.raises(Inconclusive, match=f"a smoke run sends one request: {unknown}"):
            getattr(run["a"], unknown)
    with pytest.raises(UnknownValue, match="there are several variants") as misuse:
        _ = run.p95
    assert not isinstance(misuse.value, Inconclusive)


def test_what_the_figures_depend_on_is_recorded(case_of):
    evidence = case_of().fire(plan()).evidence
    assert evidence.surroundings == ("PostgreSQL 18",)
    assert evidence.startups == {"server": 0.1}
    assert evidence.cleared == ("PYTHONDEVMODE",)


def test_it_ends_before_something_outside_ends_it(case_of):
    case = case_of()
    assert case.fire(plan(max_time=60.0)).evidence.plan.max_time == 60.0
    case.ends = time.monotonic() + 50
    assert 0 < case.fire(plan(max_time=60.0)).evidence.plan.max_time <= 50
    case.ends = time.monotonic() - 1
    assert case.fire(plan(max_time=60.0)).evidence.rounds == ()


def test_the_request_is_encoded_for_the_server(case_of):
    case = case_of()
    case.fire(plan(expect=frozenset({404}), keepalive=False, rounds=8))
    (wire,) = case.stage.agent().plans[0].requests
    assert wire.expect == {404}
    head = wire.data.lower().split(b"\r\n")
    assert head[:2] == [b"get / http/1.1", b"host: example.com"]
    assert b"connection: close" in head


def test_a_test_that_uses_load_has_a_server():
    require_specs({"server": SPEC})
    with pytest.raises(SpecError, match=r"the test uses load and has no server; add @pytest\.mark\.server"):
        require_specs({})
