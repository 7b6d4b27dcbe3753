"""Warm-up, rounds and their end, with an agent that answers at once and a clock that it moves."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_asyncbench.errors import AgentLost, SpecError
from pytest_asyncbench.measure.goal import Goal
from pytest_asyncbench.measure.progress import Progress
from pytest_asyncbench.measure.sampling import one_request, sample
from pytest_asyncbench.measure.schedule import order
from pytest_asyncbench.measure.subject import Subject
from pytest_asyncbench.servers.factories import granian
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.plan import Burst, Target
from pytest_asyncbench.traffic.think_time import Exponential

WARM = 4
"""Windows of half a second: the fourth makes two seconds, and 200 requests at 100 per second."""


def goal(rounds: int = 3, cap: int = 30, **words: Any) -> Goal:
    """Decided after so many rounds."""
    return Goal(cap, lambda evidence: len(evidence.rounds) >= rounds, **words)


def fired(agent, goal: Goal, *, progress: Progress | None = None, died=lambda: None, **words: Any):
    """The evidence of one load call."""
    spec = granian("app:wsgi", interface="wsgi", threads=1)
    subjects = [
        Subject(name, spec, Target("h", agent.ports[name]), (), tuple, died, 1.5) for name in agent.rates
    ]
    return sample(agent, subjects, LoadPlan((), **words), goal, 7, progress or Progress())


def test_warm_up_then_a_dropped_round_then_rounds(fake_agent):
    agent = fake_agent(a=100, b=100)
    evidence = fired(agent, goal(3))
    assert agent.order()[: 2 * WARM] == ["a"] * WARM + ["b"] * WARM
    assert len(agent.plans) == 2 * WARM + 2 * (1 + 3)
    assert [[slot.round for slot in row] for row in evidence.rounds] == [[1, 1], [2, 2], [3, 3]]
    assert evidence.ok_before == {"a": 50 * (WARM + 1), "b": 50 * (WARM + 1)}
    assert evidence.ok("a") == 50 * (WARM + 1 + 3)
    assert evidence.seconds == pytest.approx(len(agent.plans) * 0.8)
    assert (evidence.complaints, evidence.notes, evidence.merged) == ((), (), 1)
    assert (evidence.seed, evidence.cap, evidence.startups) == (7, 30, {"a": 1.5, "b": 1.5})


def test_every_round_has_the_order_of_its_coin(fake_agent):
    agent = fake_agent(a=100, b=100)
    fired(agent, goal(12))
    expected = [name for number in range(13) for name in order(7, number, "ab")]
    assert agent.order()[2 * WARM :] == expected


def test_it_ends_at_the_cap(fake_agent):
    assert len(fired(fake_agent(), goal(99, cap=8)).rounds) == 8


def test_the_plan_reaches_the_agent(fake_agent):
    agent = fake_agent()
    fired(agent, goal(1), users=4, think_time=0.1, timeout=5.0, keepalive=False, slot=2.0, warmup=0.5)
    first, *_, last = agent.plans
    assert (last.users, last.think_time, last.timeout, last.keepalive) == (4, 0.1, 5.0, False)
    assert (first.window, first.cycle) == (0.5, 0.1), "at first, the think time is all that is known"
    assert (last.window, last.cycle) == (2.0, pytest.approx(0.04))


def test_think_times_are_drawn_anew_in_every_slot_and_alike_for_the_variants(fake_agent):
    agent = fake_agent(a=100, b=100)
    fired(agent, goal(2), think_time=Exponential(0.05), warmup=0.0)
    assert [plan.seed for plan in agent.plans] == ["7/0"] * 2 + ["7/1"] * 2 + ["7/2"] * 2
    assert agent.plans[0].cycle == 0.05


def test_the_plan_of_an_open_loop_reaches_the_agent(fake_agent):
    agent = fake_agent()
    words = {"rate": 50.0, "arrivals": "poisson", "max_in_flight": 9, "timeout": 5.0, "keepalive": False}
    evidence = fired(agent, goal(2, answers=200, metric="p95"), **words, max_time=1e4)
    last = agent.plans[-1]
    assert {word: getattr(last, word) for word in words} == words
    assert last.latency == pytest.approx(0.01)
    assert last.window == pytest.approx(200 * 1.15 / 50)
    assert (last.least, evidence.merged) == (200, 1)
    assert [plan.seed for plan in agent.plans[-2:]] == ["7/1", "7/2"]
    assert agent.plans[0].window == 0.5


def test_an_open_loop_may_be_slower_than_its_slots(fake_agent):
    agent = fake_agent({n: {"count": 4} for n in range(99)}, a=0.1)
    assert len(fired(agent, goal(1), rate=100.0, warmup=0.5).rounds) == 1
    assert (agent.plans[-1].latency, agent.plans[-1].window) == (5.0, 5.0)


def test_starts_that_are_late_now_and_then_are_a_complaint_in_the_end(fake_agent):
    agent = fake_agent({n: {"delay": 0.003, "rate": 100.0} for n in (WARM + 1, WARM + 2)})
    (complaint,) = fired(agent, goal(3), rate=100.0).complaints
    assert complaint.startswith("a: send_delay has a p99 of 3.00 ms, more than 1.00 ms")


def test_a_slow_server_gets_windows_of_a_whole_cycle(fake_agent):
    agent = fake_agent({n: {"count": 4} for n in range(99)}, a=1.0)
    fired(agent, goal(1), users=4)
    assert agent.plans[-1].window == 5.0, "20 requests at one per second, 5 s at most"
    assert agent.plans[1].window == 4.0, "in warm-up too"


def test_max_time_ends_it_before_a_round_that_would_not_fit(fake_agent):
    agent = fake_agent()
    evidence = fired(agent, goal(30), max_time=10.0)
    assert agent.now - 1000 == pytest.approx(9.6)
    assert len(evidence.rounds) == 12 - WARM - 1


def test_max_time_may_end_it_before_the_first_round(fake_agent):
    assert fired(fake_agent(), goal(30), max_time=1.0).rounds == ()


def test_complaints_of_the_agent_end_it(fake_agent):
    agent = fake_agent({WARM + 2: {"complaints": ["agent at 95 % of its core"]}})
    evidence = fired(agent, goal(8))
    assert evidence.complaints == ("a: agent at 95 % of its core",)
    assert len(evidence.rounds) == 2, "the round that shows it is kept"


def test_complaints_in_warm_up_and_in_the_dropped_round_do_not_count(fake_agent):
    agent = fake_agent({n: {"complaints": ["late"]} for n in range(WARM + 1)})
    assert fired(agent, goal(2)).complaints == ()


def test_an_empty_slot_is_a_complaint(fake_agent):
    evidence = fired(fake_agent({WARM + 1: {"count": 0}}), goal(8))
    assert evidence.complaints == ("a: not a single request was sent in the measured time of round 1",)


def test_a_server_that_dies_in_warm_up_is_not_measured(fake_agent):
    agent = fake_agent()
    evidence = fired(agent, goal(8), died=lambda: "a: it was killed" if agent.plans else None)
    assert (evidence.complaints, evidence.rounds, len(agent.plans)) == (("a: it was killed",), (), 1)


def test_a_server_that_dies_later_ends_it(fake_agent):
    agent = fake_agent()
    evidence = fired(agent, goal(8), died=lambda: "a: it was killed" if len(agent.plans) > WARM + 2 else None)
    assert (evidence.complaints, len(evidence.rounds)) == (("a: it was killed",), 2)


@pytest.mark.parametrize(("duration", "rounds", "window"), [(2.0, 4, 0.5), (0.3, 1, 0.3), (60.0, 30, 2.0)])
def test_a_duration_is_measured_to_its_end_decided_or_not(fake_agent, duration, rounds, window):
    agent = fake_agent()
    evidence = fired(agent, goal(1), duration=duration)
    assert [slot.samples.window for row in evidence.rounds for slot in row] == [
        pytest.approx(window)
    ] * rounds


@pytest.mark.parametrize(("warmup", "windows"), [(0.0, 0), (0.5, 1), (1.2, 3)])
def test_a_warm_up_of_a_given_length(fake_agent, warmup, windows):
    agent = fake_agent()
    evidence = fired(agent, goal(2), warmup=warmup)
    assert len(agent.plans) == windows + 1 + 2
    assert evidence.notes == ()


def test_without_warm_up_the_dropped_round_shows_the_pace(fake_agent):
    agent = fake_agent({0: {"count": 2}}, a=10.0)
    fired(agent, goal(2, answers=20, metric="p50"), warmup=0.0, users=1)
    assert [plan.window for plan in agent.plans] == [0.5, pytest.approx(2.3), pytest.approx(2.3)]


def test_without_warm_up_a_duration_is_fine(fake_agent):
    assert len(fired(fake_agent(), goal(1), warmup=0.0, duration=1.0).rounds) == 2


def test_a_restless_server_is_noted(fake_agent):
    agent = fake_agent({n: {"count": 10 + 30 * (n % 2), "failed": 5 * (n % 2)} for n in range(99)})
    (note,) = fired(agent, goal(1)).notes
    assert note.startswith("a: not warm after 10 s: its rate still changed")


def test_a_server_that_only_fails_is_not_warmed_up_for_long(fake_agent):
    agent = fake_agent({n: {"count": 50, "failed": 50} for n in range(99)})
    evidence = fired(agent, goal(1))
    assert len(agent.plans) == 2 + 1 + 1
    assert evidence.ok("a") == 0


@pytest.mark.parametrize(
    ("slot", "why"),
    [({"count": 3, "failed": 3, "how": "refused"}, "3 refused"), ({"count": 0}, "none was sent")],
)
def test_a_server_that_answers_nothing_is_not_measured(fake_agent, slot, why):
    agent = fake_agent(dict.fromkeys(range(99), slot))
    assert fired(agent, goal(8)).complaints == (f"a: not one request was answered ({why})",)
    assert len(agent.plans) == 1


def test_rounds_are_merged_for_a_percentile(fake_agent):
    agent = fake_agent({n: {"count": 100} for n in range(99)}, a=20.0)
    evidence = fired(agent, goal(99, cap=8, answers=200, metric="p95"), users=1, max_time=1e4)
    assert (evidence.merged, len(evidence.rounds), len(evidence.data("a"))) == (3, 24, 8)
    assert agent.plans[-1].least == 67


def test_a_percentile_that_needs_too_long_is_refused(fake_agent):
    with pytest.raises(SpecError, match="p99 needs"):
        fired(fake_agent(a=20.0), goal(8, answers=1000, metric="p99"))


def test_progress_is_told_and_ends_also_when_something_goes_wrong(fake_agent):
    told: list[Any] = []

    class Telling(Progress):
        def warming(self, variant, seconds):
            told.append((variant, seconds))

        def slot(self, variant, round_number, evidence):
            told.append((round_number, len(evidence.rounds) if evidence else None))

        def done(self):
            told.append("done")

    fired(fake_agent(), goal(2), progress=Telling(), warmup=1.0)
    assert told == [("a", 0), ("a", 0.5), (0, None), (1, None), (2, 1), "done"]
    with pytest.raises(ZeroDivisionError):
        fired(fake_agent({0: {"count": 1, "users": 0}}), goal(2), progress=Telling())
    assert told[-1] == "done"


def test_a_smoke_run_sends_every_request_once(fake_agent):
    agent = fake_agent()
    spec = granian("app:wsgi", interface="wsgi", threads=1)
    subject = Subject("a", spec, Target("h", 1), ("x", "y"), tuple, lambda: None)
    agent.special = {0: {"count": 2}}
    assert one_request(agent, subject, LoadPlan((), timeout=5.0)).ok_total == 2
    assert agent.plans == [Burst(Target("h", 1), ("x", "y"), 1, 2, timeout=5.0)]


def test_a_lost_agent_is_a_complaint_and_the_rounds_before_are_kept(fake_agent):
    agent = fake_agent(a=100)
    run = agent.run

    def lost(plan):
        if len(agent.plans) == WARM + 1 + 2:
            raise AgentLost("the load agent (pid 1) was lost")
        return run(plan)

    agent.run = lost
    evidence = fired(agent, goal(8))
    assert evidence.complaints == ("the load agent (pid 1) was lost",)
    assert [row[0].round for row in evidence.rounds] == [1, 2]


def test_a_goal_of_no_rounds_is_the_warm_up_alone(fake_agent):
    agent = fake_agent(a=100)
    evidence = fired(agent, goal(1, cap=0))
    assert (len(agent.plans), evidence.rounds) == (WARM, ())
    assert evidence.ok("a") == 50 * WARM


def test_a_starved_agent_voids_the_round_for_all(fake_agent):
    agent = fake_agent({2 * WARM + 2 + 3: {"occupied": 0.977}}, a=100, b=100)
    evidence = fired(agent, goal(9))
    assert [[slot.round for slot in row] for row in evidence.rounds] == [[n, n] for n in (1, *range(3, 11))]
    assert len(evidence.voided) == 1
    assert evidence.complaints == ()
    assert evidence.notes[0].startswith(
        "1 of 10 rounds do not count, the last because the load agent did not keep"
    )
    assert evidence.ok("a") == 50 * (WARM + 11), "its answers count all the same"
    assert evidence.unrest == ""


def test_more_rounds_outweigh_a_void_one(fake_agent):
    evidence = fired(fake_agent({WARM + 1: {"occupied": 0.9}}), goal(3))
    assert (len(evidence.rounds), len(evidence.voided), evidence.unrest) == (9, 1, "")
    evidence = fired(fake_agent({WARM + 1: {"occupied": 0.9}}), goal(3, cap=8))
    assert "1 of 9 rounds do not count" in evidence.unrest


def test_an_agent_that_is_starved_everywhere_is_a_complaint(fake_agent):
    agent = fake_agent({n: {"occupied": 0.9} for n in range(WARM, 99)})
    evidence = fired(agent, goal(8))
    (complaint,) = evidence.complaints
    assert complaint.endswith("4 of 4 rounds do not count")
    assert len(agent.plans) == WARM + 1 + 4
    (complaint,) = fired(
        fake_agent({n: {"occupied": 0.9} for n in range(99)}), goal(1), duration=0.5
    ).complaints
    assert complaint.endswith("4 of 4 rounds do not count")


@settings(max_examples=50)
@given(
    st.lists(st.floats(0.01, 9.0), min_size=60, max_size=60),
    st.floats(0.0, 60.0),
    st.integers(1, 3),
    st.sampled_from([None, 0.0, 3.0]),
)
def test_max_time_is_kept_to_within_a_slot(fake_agent_of, slots, max_time, variants, warmup):
    spent = []
    with fake_agent_of(**dict.fromkeys("abc"[:variants], 100.0)) as agent:
        run = agent.run

        def takes_its_time(plan):
            before = agent.now
            result = run(plan)
            spent.append(slots[len(agent.plans) % len(slots)])
            agent.now = before + spent[-1]
            return result

        agent.run = takes_its_time
        evidence = fired(agent, goal(99), max_time=max_time, warmup=warmup)
    assert sum(spent) <= max_time + max(spent, default=0.0)
    assert sum(spent[:-1]) <= max_time
    assert all(len(row) == variants for row in evidence.rounds), "an unfinished round is left out"
