"""Verdicts that are close are confirmed on fresh launches."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_asyncbench.judging import judge_all
from pytest_asyncbench.launching import (
    FEWEST_LAUNCHES,
    ROUNDS_PER_LAUNCH,
    Launches,
    confirm,
    confirming_effort,
)
from pytest_asyncbench.marks import Mark, statements
from pytest_asyncbench.measure.progress import Progress
from pytest_asyncbench.servers.factories import granian
from pytest_asyncbench.testcase import Settings, TestCase
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.requests import request
from pytest_asyncbench.verdict.decision import Band, decide
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.sentences import beyond, explain
from pytest_asyncbench.verdict.statements import NoRegression

BURSTS = 2 * 2
"""Before each load call every variant is asked a single request, and then two."""
SPEC = granian("app:wsgi", interface="wsgi", threads=4)


class Bench:
    """A test of two servers whose ratio is another one after each launch."""

    def __init__(
        self, agent: Any, make_stage: Any, ratios: Iterator[float], marks: list[Mark], settings: Settings
    ) -> None:
        self.agent, self.ratios = agent, ratios
        self.launches = 0
        self.launch()
        stage = make_stage(agent, agent.ports, relaunch=self.launch)
        specs = dict.fromkeys("ab", SPEC)
        self.case = TestCase("t", specs, statements(marks, "ab"), settings, stage, lambda *_: Progress())

    def launch(self) -> None:
        self.launches += 1
        self.agent.rates["a"] = 100.0 * next(self.ratios)

    def fire(self, **words: Any) -> tuple[str, str]:
        """The outcome and the reason of the one statement."""
        self.run = self.case.fire(LoadPlan((request("GET", "/"),), warmup=0.0, **words))
        (told,) = self.case.told()
        return told.outcome, told.why


@pytest.fixture
def bench(fake_agent, make_stage) -> Callable[..., Bench]:
    def made(ratios: Any, *marks: Mark, **settings: Any) -> Bench:
        agent = fake_agent(a=100.0, b=100.0)
        given = iter(ratios) if isinstance(ratios, list) else iter(lambda: ratios, None)
        return Bench(agent, make_stage, given, list(marks), Settings({}, seed=7, **settings))

    return made


def mark(name: str, *args: object, **kwargs: object) -> Mark:
    return Mark(name, args, kwargs, 0)


BEATS = mark("ordering", "a", "b", by="20%")


def test_a_clear_verdict_counts_at_once(bench):
    made = bench(1.5, BEATS)
    assert made.fire()[0] == "PASS"
    assert (made.launches, made.run.evidence.confirming) == (1, None)


def test_a_close_one_is_confirmed_on_fresh_launches(bench):
    made = bench(1.22, BEATS)
    outcome, why = made.fire()
    assert outcome == "PASS"
    assert why.endswith("all of it is beyond 1.2; confirmed on 6 fresh launches: 1.22 [1.22, 1.22]")
    assert made.launches == 1 + FEWEST_LAUNCHES
    confirming = made.run.evidence.confirming
    assert (len(confirming.rounds), confirming.merged) == (
        FEWEST_LAUNCHES * ROUNDS_PER_LAUNCH,
        ROUNDS_PER_LAUNCH,
    )
    assert len(made.run.evidence.rounds) == 8, "the figures are those of the first launch"
    slots = 1 + 8 + FEWEST_LAUNCHES * (1 + ROUNDS_PER_LAUNCH)
    assert made.run["a"].ok == pytest.approx(61 * slots + 3), "and the answers those of all"


def test_a_close_one_that_is_likely_to_become_clear_waits_for_more_rounds(bench):
    made = bench(1.4, BEATS)
    ratios = iter([1.4, 1.22])  # the round that is not judged, and one that comes close to the margin
    run = made.agent.run

    def scattered(plan: Any) -> Any:
        is_slot_of_a = getattr(plan, "window", 0.0) > 0 and plan.target.port == made.agent.ports["a"]
        made.agent.rates["a"] = 100.0 * next(ratios, 1.4) if is_slot_of_a else 140.0
        return run(plan)

    made.agent.run = scattered
    outcome, why = made.fire()
    assert outcome == "PASS"
    assert why == "rps a / b 1.4 [1.307, 1.4] after 12 rounds: all of it is beyond 1.2"
    assert (made.launches, made.run.evidence.confirming) == (1, None)


def test_launches_that_disagree_leave_it_undecided(bench):
    made = bench([1.22, *[1.19, 1.22] * 20], BEATS)
    outcome, why = made.fire()
    assert outcome == "INCONCLUSIVE"
    assert "; not confirmed on 9 fresh launches: rps a / b 1.2" in why, "three more would hardly have told"
    made = bench([1.22, *[1.0] * 20], BEATS)
    assert made.fire()[0] == "INCONCLUSIVE", "a FAIL of fresh launches does not confirm a PASS"
    assert made.launches == 1 + FEWEST_LAUNCHES


@pytest.mark.parametrize(
    ("effort", "first"), [(Effort(), 8), (confirming_effort(Effort()), 6), (Effort(0.99), 12)]
)
def test_too_few_rounds_are_told_when_there_are_enough(effort: Effort, first: int) -> None:
    found = decide([0.3] * 4, Band(lower=0.0), effort, ended=True)
    assert found is not None
    assert explain(found, ("1.35", "", ""), beyond(1.0)).endswith(f"the first look is after {first}")


def test_a_close_fail_is_confirmed_too(bench):
    assert bench(1.18, BEATS).fire()[0] == "FAIL"
    assert bench([1.18, *[1.3] * 12], BEATS).fire()[0] == "INCONCLUSIVE"


def test_a_regression_is_always_confirmed(bench):
    guard = mark("no_regression", "a", "b", within="10%")
    made = bench(0.5, guard)
    outcome, why = made.fire()
    assert (outcome, made.launches) == ("FAIL", 2)
    assert why.endswith("; confirmed on 1 fresh launch: 0.5 [0.5, 0.5]")
    made = bench([0.5, 1.0], guard)
    outcome, why = made.fire()
    assert outcome == "INCONCLUSIVE"
    assert "; not confirmed on 1 fresh launch: rps a / b 1 [1, 1] after 8 rounds: all of it is beyond" in why
    made = bench(1.0, guard)
    assert (made.fire()[0], made.launches) == ("PASS", 1)


def test_a_claim_without_a_margin_relaunches_for_every_datum(bench):
    made = bench(1.03, mark("ordering", "a", "b", by="0%"))
    outcome, why = made.fire()
    assert (outcome, made.launches) == ("PASS", 8)
    assert "after 8 rounds" in why
    assert made.run.evidence.merged == ROUNDS_PER_LAUNCH
    random = Random("launches")
    same = [math.exp(random.gauss(0, 0.02)) for _ in range(99)]
    assert bench(same, mark("ordering", "a", "b", by="0%")).fire()[0] == "INCONCLUSIVE"


def test_a_datum_has_the_rounds_that_a_percentile_needs(bench):
    made = bench(1.5, mark("ordering", "a", "b", metric="p95", by="0%"))
    made.agent.rates["b"] = 10.0
    outcome, _ = made.fire(max_time=1e4)
    assert outcome == "PASS"
    evidence = made.run.evidence
    assert evidence.merged > ROUNDS_PER_LAUNCH
    assert len(evidence.rounds) == evidence.merged * made.launches


def test_what_cannot_be_launched_again(bench):
    outcome, why = bench(1.22, BEATS).fire(duration=6.0)
    assert outcome == "INCONCLUSIVE"
    assert why.endswith(
        "; by less than the 5 % by which launches may differ, and duration= measures one launch: "
        "leave it out, and it is confirmed on fresh ones"
    )
    assert bench(1.5, BEATS).fire(duration=6.0)[0] == "PASS"
    outcome, why = bench(0.5, mark("no_regression", "a", "b")).fire(duration=6.0)
    assert outcome == "FAIL"
    assert "; not confirmed on a fresh launch: duration= measures one launch" in why
    outcome, why = bench(1.5, mark("ordering", "a", "b", by="0%")).fire(duration=6.0)
    assert outcome == "INCONCLUSIVE"
    assert "needs fresh launches for every datum, and duration=" in why


def test_an_allowance_of_nothing_confirms_nothing(bench):
    made = bench(1.22, BEATS, launch_allowance=1.0)
    assert (made.fire()[0], made.launches) == ("PASS", 1)
    made = bench(1.03, mark("ordering", "a", "b", by="0%"), launch_allowance=1.0)
    assert (made.fire()[0], made.launches) == ("PASS", 1)


def test_time_that_is_up_while_it_is_confirmed_leaves_it_undecided(bench, monkeypatch):
    from pytest_asyncbench import firing, launching, testcase

    made = bench(1.22, BEATS)
    clock = SimpleNamespace(monotonic=lambda: made.agent.now)
    monkeypatch.setattr(launching, "time", clock)
    monkeypatch.setattr(testcase, "time", clock)
    monkeypatch.setattr(firing, "time", clock)
    outcome, why = made.fire(max_time=40.0)
    assert outcome == "INCONCLUSIVE"
    assert "too few rounds for an interval" in why
    assert 30 < made.agent.now - 1000 < 40
    for marker in (BEATS, mark("no_regression", "a", "b")):
        made = bench(1.22 if marker is BEATS else 0.5, marker)
        outcome, why = made.fire(max_time=BURSTS * 0.3 + 9 * 1.6)
        assert outcome == "INCONCLUSIVE"
        assert why.endswith("; not confirmed on fresh launches: max_time was over")
        assert made.launches == 1


def test_a_fresh_launch_that_breaks_makes_it_invalid(bench):
    made = bench(1.22, BEATS)
    made.agent.special = {BURSTS + 2 * 9 + 2 + 3: {"complaints": ["the agent used 97% of a core"]}}
    outcome, why = made.fire()
    assert outcome == "INVALID"
    assert "the agent used 97% of a core" in why


def test_every_launch_draws_orders_of_its_own(bench):
    made = bench(1.22, BEATS)
    made.fire()
    orders = "".join(made.agent.order())[BURSTS + 2 * 9 :]
    a_launch = 2 * (1 + ROUNDS_PER_LAUNCH)
    assert len({orders[start : start + a_launch] for start in range(0, len(orders), a_launch)}) > 1


def test_a_regression_of_what_is_counted_is_the_same_in_every_launch(make_evidence):
    guard = NoRegression("a", "b", "errors", 1.1)
    evidence = make_evidence({"a": [100.0] * 8, "b": [100.0] * 8}, slots={"a": {"failed": 9}})
    judged = judge_all(evidence, [guard], Effort())
    assert [item.outcome for item in judged] == ["FAIL"]
    nowhere = Launches(*[None] * 7, allowance=1.05)
    assert confirm(evidence, judged, Effort(), None, nowhere) == (evidence, judged)
