"""A race on numbers: its looks, its error, what it finds and what it costs; the figures of benchmarks/races.py."""

from __future__ import annotations

from math import log, sqrt
from random import Random
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.verdict.race import Rules, Standing, after, at_or_below, race_looks, ranked
from pytest_asyncbench.verdict.signed_rank import tail, walsh_averages

PROMISED = 0.05
NOISE = (1.0, 1.01, 0.99, 1.02, 0.98, 1.005, 0.995, 1.015, 0.985, 1.0, 1.01, 0.99)


@pytest.fixture(scope="module")
def script(benchmark_script) -> ModuleType:
    return benchmark_script("races")


def values(**levels: float) -> dict[str, list[float]]:
    """Twelve rounds of variants at these levels, each disturbed in its own order."""
    return {
        name: [level * NOISE[(number + shift) % len(NOISE)] for number in range(len(NOISE))]
        for shift, (name, level) in enumerate(levels.items())
    }


def standing_of(given: dict[str, list[float]], **words: float) -> Standing:
    return after(Standing(tuple(given)), given, Rules(len(given), **words))


@given(st.integers(2, 60), st.sampled_from([8, 12, 18, 30]), st.sampled_from([0.5, 0.8, 0.95, 0.99]))
def test_all_looks_at_all_others_spend_no_more_than_the_error_promised(variants, cap, confidence):
    alpha = (1 - confidence) / (variants - 1)
    looks = race_looks(alpha, cap)
    assert (variants - 1) * sum(tail(n, k) for n, k in looks) <= 1 - confidence + 1e-12
    rounds = [n for n, _ in looks]
    assert rounds == sorted(set(rounds))
    assert all(8 <= n <= cap for n in rounds)


def test_the_looks_of_nine_variants():
    assert [n for n, _ in Rules(9).looks] == [9, 12, 15, 19, 24, 30]
    assert Rules(2).looks[0][0] == 8


@given(
    st.lists(st.floats(-3, 3, allow_subnormal=False), min_size=1, max_size=20),
    st.sampled_from([0.0, 0.5, -1.0]),
)
def test_the_signed_rank_sum_counts_walsh_averages(logs, margin):
    shifted = [value - margin for value in logs]
    assert at_or_below(logs, margin) == sum(average <= 0 for average in walsh_averages(shifted))


def test_losers_are_dropped_by_those_that_beat_them():
    standing = standing_of(values(a=1.0, b=2.0, c=0.5), by=1.1)
    assert standing.running == ("b",)
    assert standing.over
    assert {(drop.variant, drop.better, drop.rounds) for drop in standing.dropped} == {
        ("a", "b", 8),
        ("c", "b", 8),
    }
    assert [drop.ratio for drop in standing.dropped if drop.variant == "c"] == [pytest.approx(4.0, rel=0.03)]


def test_less_may_be_better():
    assert standing_of(values(a=1.0, b=2.0, c=0.5), more_is_better=False).running == ("c",)


def test_who_is_behind_by_less_than_the_margin_stays():
    close = values(a=1.0, b=0.92, c=0.5)
    assert standing_of(close, by=1.2).running == ("a", "b")
    assert standing_of(close, by=1.0).running == ("a",)


def test_a_race_that_cannot_be_told_ends_early_with_ties():
    standing = standing_of(values(a=1.0, b=1.0, c=1.0, d=0.3), by=1.05)
    assert set(standing.running) == {"a", "b", "c"}
    assert (standing.over, standing.rounds) == (True, 10)


def test_looks_are_not_repeated_and_rounds_in_between_change_nothing():
    given = values(a=1.0, b=1.0, c=0.5)
    rules = Rules(3)
    early = after(Standing(("a", "b", "c")), {name: own[:8] for name, own in given.items()}, rules)
    later = after(early, {name: own[:9] for name, own in given.items()}, rules)
    assert early == later
    assert early.rounds == 8


def test_before_the_first_look_nobody_is_dropped():
    short = {name: own[:7] for name, own in values(a=1.0, b=0.1).items()}
    assert after(Standing(("a", "b")), short, Rules(2)) == Standing(("a", "b"))


def test_one_alone_has_won():
    assert after(Standing(("a",)), {"a": []}, Rules(2)).over
    assert Standing(("a", "b")).without("b") == Standing(("a",), over=True)
    assert not Standing(("a", "b", "c")).without("b").over


def test_who_beats_each_other_in_a_circle_stays():
    """Two thirds of the rounds each, which no true values could be."""
    cycle = [(3.0, 2.0, 1.0), (1.0, 3.0, 2.0), (2.0, 1.0, 3.0)] * 10
    given = {name: [row[place] for row in cycle] for place, name in enumerate("abc")}
    rules = Rules(3, confidence=0.05)
    assert set(after(Standing(("a", "b", "c")), given, rules).running) == {"a", "b", "c"}


def test_ranked_leaves_out_what_a_round_was_worth():
    given = {"a": [1.0, 100.0, 1.0], "b": [2.0, 150.0, 2.0]}
    assert ranked(given) == ("b", "a")
    assert ranked(given, more_is_better=False) == ("a", "b")
    assert ranked({"a": [], "b": []}) == ("a", "b")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"variants": 9, "by": 0.9}, "a factor of 1 or more"),
        ({"variants": 101}, "for 100 at most"),
        (
            {"variants": 99, "confidence": 0.999, "rounds": 8},
            "none of 99 variants can be dropped within 8 rounds",
        ),
    ],
)
def test_what_cannot_be_meant(words, why):
    with pytest.raises(SpecError, match=why):
        Rules(**words)


@given(st.integers(0, 10_000), st.integers(2, 6))
def test_whatever_the_values_somebody_is_left_and_everybody_is_accounted_for(seed, variants):
    random = Random(seed)
    given_ = {f"v{number}": [random.lognormvariate(0, 1) for _ in range(30)] for number in range(variants)}
    standing = standing_of(given_, confidence=0.5)
    dropped = [drop.variant for drop in standing.dropped]
    assert standing.running
    assert sorted([*standing.running, *dropped]) == sorted(given_)
    assert standing.over


@pytest.mark.parametrize("shape", ["plain", "AR(1)", "outliers", "heavy tails"])
def test_the_best_is_dropped_no_more_often_than_promised_and_naively_it_is(script, shape):
    """Nine equal variants and no margin, which is the worst case: the first of them may not be dropped."""
    races = 60
    row = script.measure(script.Setting("all equal", shape, 0.05), races, by=1.0)
    allowed = PROMISED + 2 * sqrt(PROMISED * (1 - PROMISED) / races)
    assert row.dropped <= allowed
    assert row.naive > 2 * allowed, "a harness that drops too easily is seen by this test"


@pytest.mark.parametrize(
    "grid", ["one best, steps of 10 %", "one best, the others 20 % behind", "workers x threads"]
)
@pytest.mark.parametrize("noise", [0.02, 0.05])
def test_ten_races_of_nine_find_the_best_or_a_tie_with_half_of_the_slots(script, grid, noise):
    setting = script.Setting(grid, "plain", noise)
    ends = [script.raced(setting.slots(number)) for number in range(10)]
    assert all("v0" in end.left for end in ends)
    assert sum(end.slots for end in ends) / 10 <= 9 * script.ROUNDS / 2


def test_a_grid_of_25_takes_less_than_half(script):
    row = script.measure(script.Setting("25 variants", "plain", 0.05), 20)
    assert row.slots < 0.5
    assert row.kept == 1


def test_the_harness_sees_a_rule_without_its_error_control(script, monkeypatch):
    """With the whole error for each of the others the best is dropped too often: so the bound above is no idle one."""
    monkeypatch.setattr(script, "Rules", lambda n, by, confidence, rounds: Rules(2, by, 0.8, rounds))
    assert script.measure(script.Setting("all equal", "plain", 0.05), 50, by=1.0).dropped > 2 * PROMISED


def test_margins_are_ratios():
    assert at_or_below([log(1.2)] * 8, log(1.1)) == 0
    assert at_or_below([log(1.05)] * 8, log(1.1)) == 36
