"""Orderings of two and more, and no regression."""

from __future__ import annotations

from math import exp, log
from random import Random

import pytest

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.verdict import (
    Effort,
    NoRegression,
    Ordering,
    Verdict,
    judge,
    judge_no_regression,
    judge_ordering,
)

EFFORT = Effort()


def noisy(level: float, noise: float = 0.02, rounds: int = 30, seed: str = "") -> list[float]:
    """Values of one variant around `level`, the same each time."""
    random = Random(f"{level} {seed}")
    return [level * exp(random.gauss(0, noise)) for _ in range(rounds)]


VALUES = {"fast": noisy(100), "middle": noisy(80), "slow": noisy(50)}


def ordered(
    *best_first: str, by: float = 1.05, more: bool = True, values: dict[str, list[float]] = VALUES
) -> Verdict:
    """The verdict on an ordering, which must have been given."""
    verdict = judge_ordering(Ordering(best_first, "rps", by), values, more_is_better=more, effort=EFFORT)
    assert verdict is not None
    return verdict


def test_of_two_it_is_the_rule() -> None:
    verdict = ordered("fast", "slow")
    logs = [log(a / b) for a, b in zip(VALUES["fast"], VALUES["slow"], strict=True)]
    plain = judge(logs, margin=1.05)
    assert plain is not None
    assert (verdict.outcome, verdict.rounds) == (plain.outcome, plain.rounds)
    assert verdict.low == pytest.approx(plain.low)
    assert verdict.why.startswith("rps fast / slow 2")
    assert verdict.parts == ()


def test_all_pairs_pass_and_the_closest_speaks() -> None:
    verdict = ordered("fast", "middle", "slow")
    assert verdict.outcome == "PASS"
    assert verdict.subject == "rps fast / middle"
    assert [part.subject for part in verdict.parts] == ["rps fast / middle", "rps middle / slow"]


def test_one_pair_the_wrong_way_round_fails_all() -> None:
    verdict = ordered("middle", "fast", "slow")
    assert verdict.outcome == "FAIL"
    assert verdict.subject == "rps middle / fast"
    assert verdict.rounds == 12  # half of the error at eight rounds is too little for a FAIL
    assert "all of it is short of 1.05" in verdict.why


def test_a_fail_is_not_waited_for_by_the_others() -> None:
    values = VALUES | {"twin": noisy(80, seed="twin")}
    verdict = judge_ordering(
        Ordering(("fast", "middle", "twin", "fast2"), "rps", 1.0),
        {name: column[:12] for name, column in (values | {"fast2": noisy(100, seed="2")}).items()},
        more_is_better=True,
        effort=EFFORT,
    )
    assert verdict is not None
    assert verdict.outcome == "FAIL"
    assert verdict.subject == "rps twin / fast2"


def test_one_undecided_pair_leaves_all_undecided() -> None:
    values = VALUES | {"twin": noisy(80, seed="twin")}
    verdict = ordered("fast", "middle", "twin", by=1.0, values=values)
    assert verdict.outcome == "INCONCLUSIVE"
    assert verdict.subject == "rps middle / twin"
    assert [part.outcome for part in verdict.parts] == ["PASS", "INCONCLUSIVE"]


def test_goes_on_until_every_pair_is_decided() -> None:
    few = {name: column[:8] for name, column in (VALUES | {"twin": noisy(80, seed="twin")}).items()}
    claim = Ordering(("fast", "middle", "twin"), "rps", 1.0)
    assert judge_ordering(claim, few, more_is_better=True, effort=EFFORT) is None
    verdict = judge_ordering(claim, few, more_is_better=True, effort=EFFORT, ended=True)
    assert verdict is not None
    assert verdict.outcome == "INCONCLUSIVE"
    assert "time ran out" in verdict.why


@pytest.mark.parametrize(
    "best_first", [("fast", "middle", "slow"), ("middle", "fast", "slow"), ("slow", "fast")]
)
def test_more_rounds_do_not_change_it(best_first: tuple[str, ...]) -> None:
    claim = Ordering(best_first, "rps", 1.05)
    given = None
    for n in range(31):
        so_far = {name: column[:n] for name, column in VALUES.items()}
        verdict = judge_ordering(claim, so_far, more_is_better=True, effort=EFFORT)
        assert given is None or verdict == given
        given = verdict
    assert given is not None


def test_where_less_is_better_the_ratio_is_turned_round() -> None:
    verdict = ordered("slow", "middle", "fast", more=False)
    assert verdict.outcome == "PASS"
    assert verdict.subject == "rps fast / middle" or verdict.subject == "rps middle / slow"
    assert verdict.ratio > 1.05
    assert ordered("fast", "slow", more=False).outcome == "FAIL"


def test_wrong_fails_of_three_equal_variants() -> None:
    runs, wrong = 600, 0
    for run in range(runs):
        values = {name: noisy(1.0, seed=f"{run}{name}") for name in "abc"}
        wrong += ordered("a", "b", "c", by=1.0, values=values).outcome == "FAIL"
    assert wrong / runs <= 0.025 + 2 * (0.025 * 0.975 / runs) ** 0.5


@pytest.mark.parametrize(
    ("new", "within", "more", "outcome"),
    [
        ("fast", 1.1, True, "PASS"),
        ("middle", 1.1, True, "FAIL"),
        ("middle", 1.5, True, "PASS"),
        ("middle", 1.1, False, "PASS"),
        ("slow", 1.1, True, "FAIL"),
    ],
)
def test_no_regression(new: str, within: float, more: bool, outcome: str) -> None:
    values = VALUES | {"old": noisy(100, seed="old")}
    guard = NoRegression(new, "old", "rps", within)
    verdict = judge_no_regression(guard, values, more_is_better=more, effort=EFFORT)
    assert verdict is not None
    assert verdict.outcome == outcome
    assert f" {1 / within:.4g}" in verdict.why


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"a": [1.0]}, "there are no values of 'b'"),
        ({"a": [1.0], "b": [1.0, 2.0]}, "'a' has 1 rounds and 'b' has 2"),
        ({"a": [1.0, 0.0], "b": [1.0, 2.0]}, "round 2 gave 0.0 and 2.0: a slot without one good answer"),
        ({"a": [1.0, 2.0], "b": [1.0, 0.0]}, "INVALID, not judged"),
        ({"a": [0.0], "b": [0.0]}, "INVALID, not judged"),
        ({"a": [float("inf")], "b": [float("inf")]}, "INVALID, not judged"),
        ({"a": [float("nan")], "b": [1.0]}, "round 1 gave nan"),
        ({"a": [-1.0], "b": [1.0]}, "round 1 gave -1.0"),
        ({"a": ["x"], "b": [1.0]}, "it must be a number"),
    ],
)
def test_values_without_a_ratio(values: dict[str, list[float]], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        judge_ordering(Ordering(("a", "b")), values, more_is_better=True, effort=EFFORT)
