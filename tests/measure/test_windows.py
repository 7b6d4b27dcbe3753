"""How long a slot is, and how many rounds make one value."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.measure.windows import LONGEST, Pace, for_duration, plan_windows
from pytest_asyncbench.traffic.load_plan import LoadPlan

CYCLES = st.floats(0.0001, LONGEST)
SPREADS = st.floats(0, 5)
STEADY = 0.0


def plan(**words: object) -> LoadPlan:
    return LoadPlan((), **words)


@given(
    st.dictionaries(st.text(), st.builds(Pace, CYCLES, SPREADS), min_size=1, max_size=4), st.integers(1, 500)
)
def test_a_window_holds_what_it_must_and_ends(paces, users):
    windows = plan_windows(plan(users=users), paces, answers=1)
    assert windows.merged == 1
    for variant, pace in paces.items():
        seconds = windows.seconds[variant]
        assert max(0.5, pace.cycle) <= seconds <= LONGEST
        requests = seconds / pace.cycle * users
        assert requests >= pace.enough * 0.999 or seconds == LONGEST


@given(CYCLES, st.integers(1, 100), st.sampled_from([20, 200, 1000]))
def test_a_datum_holds_the_answers_of_a_percentile(cycle, users, answers):
    generous = plan(users=users, max_time=1e9)
    windows = plan_windows(generous, {"a": Pace(cycle, STEADY)}, answers, "p95")
    requests = windows.seconds["a"] / cycle * users
    assert requests * windows.merged >= answers
    assert windows.least * windows.merged >= answers
    if windows.merged > 1:
        assert windows.seconds["a"] == LONGEST, "rounds are merged only when a slot cannot be longer"


@given(SPREADS)
def test_the_more_requests_differ_the_more_are_asked_for(spread):
    enough = Pace(1.0, spread).enough
    assert 20 <= enough <= 100
    assert enough >= min(100, (spread / 0.03) ** 2)


def test_the_slowest_variant_decides_how_many_rounds_are_merged():
    paces = {"fast": Pace(0.001, STEADY), "slow": Pace(0.1, STEADY)}
    windows = plan_windows(plan(max_time=1e6), paces, 200, "p95")
    assert windows.merged == math.ceil(200 * 1.15 / 50)
    assert windows.seconds == {"fast": 0.5, "slow": 5.0}


def test_a_longer_slot_can_be_asked_for():
    assert plan_windows(plan(slot=2.0), {"a": Pace(0.001)}, 1).seconds == {"a": 2.0}


def test_a_variant_whose_pace_is_not_known_gets_the_shortest_window():
    assert plan_windows(plan(), {"a": Pace(0.0)}, 200).seconds == {"a": 0.5}


def test_a_cycle_longer_than_a_slot_is_refused():
    with pytest.raises(
        SpecError, match=r"pooled: a user's mean cycle is 6\.0 s; slots are 5 s at most .* fewer users"
    ):
        plan_windows(plan(), {"pooled": Pace(6.0)}, 1)


def test_a_percentile_that_needs_too_long_is_refused_with_the_time():
    with pytest.raises(
        SpecError, match=r"^p99 needs (\d+) s here for 8 values .* and max_time is 300 s\. Judge rps"
    ):
        plan_windows(plan(), {"a": Pace(1.0)}, 1000, "p99")


@pytest.mark.parametrize(("cycle", "answers", "users"), [(0.1, 200, 1), (1.0, 1000, 4), (4.9, 200, 16)])
def test_what_is_refused_fits_into_the_time_that_is_named(cycle, answers, users):
    paces = {"a": Pace(cycle, STEADY)}
    with pytest.raises(SpecError) as refused:
        plan_windows(plan(users=users, max_time=0.001), paces, answers, "p95")
    needed = float(str(refused.value).split()[2])
    assert plan_windows(plan(users=users, max_time=needed + 1), paces, answers, "p95").merged > 1


@given(st.floats(0.1, 600), st.floats(0.1, 5), st.sampled_from([8, 12, 18, 30]))
def test_a_duration_is_split_into_equal_slots(duration, slot, cap):
    windows, rounds = for_duration(plan(duration=duration, slot=slot), "ab", cap)
    assert 1 <= rounds <= cap
    assert set(windows.seconds) == {"a", "b"}
    assert windows.seconds["a"] * rounds == pytest.approx(duration)
    assert windows.seconds["a"] >= min(slot, duration) * 0.999


@given(st.floats(1, 5000), CYCLES, st.sampled_from([1, 20, 200, 1000]))
def test_the_requests_of_an_open_loop_come_at_its_rate(rate, latency, answers):
    windows = plan_windows(plan(rate=rate, max_time=1e9), {"a": Pace(latency, STEADY)}, answers, "p95")
    assert 0.5 <= windows.seconds["a"] <= LONGEST
    held = windows.seconds["a"] * rate * windows.merged
    assert held >= answers * 0.999 or (answers == 1 and windows.seconds["a"] == LONGEST)
    with pytest.raises(SpecError, match="use a higher rate"):
        plan_windows(plan(rate=1.0, max_time=10), {"a": Pace(latency, STEADY)}, 1000, "p99")


def test_the_slots_of_a_duration_hold_a_whole_cycle():
    windows, rounds = for_duration(plan(duration=6.0), "a", 30, longest_cycle=1.5)
    assert (rounds, windows.seconds["a"], windows.least) == (4, 1.5, 1)
    windows, rounds = for_duration(plan(duration=6.0), "a", 30, longest_cycle=60)
    assert (rounds, windows.seconds["a"]) == (1, 6.0)
