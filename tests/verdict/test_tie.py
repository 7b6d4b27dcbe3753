"""Equality within a margin."""

from __future__ import annotations

from math import exp
from random import Random

import pytest

from pytest_asyncbench.verdict import Effort, Tie, Verdict, judge_tie

EFFORT = Effort()


def tied(ratio: float, noise: float, seed: str = "", within: float = 1.1, rounds: int = 30) -> Verdict | None:
    """The verdict on two variants whose true ratio is `ratio`."""
    random = Random(f"{ratio} {noise} {seed}")
    values = {
        "a": [ratio * exp(random.gauss(0, noise)) for _ in range(rounds)],
        "b": [exp(random.gauss(0, noise)) for _ in range(rounds)],
    }
    return judge_tie(Tie("a", "b", within=within), values, effort=EFFORT)


@pytest.mark.parametrize(
    ("ratio", "outcome", "words"),
    [
        (1.0, "PASS", "all of it is within 0.9091 to 1.1"),
        (1.3, "FAIL", "all of it is outside 0.9091 to 1.1"),
        (0.7, "FAIL", "all of it is outside 0.9091 to 1.1"),
        (1.1, "INCONCLUSIVE", "is neither clearly within nor clearly outside 0.9091 to 1.1"),
    ],
)
def test_outcomes(ratio: float, outcome: str, words: str) -> None:
    verdict = tied(ratio, 0.02)
    assert verdict is not None
    assert verdict.outcome == outcome
    assert words in verdict.why
    assert verdict.ratio == pytest.approx(ratio, abs=0.03)


def test_numbers_agree_with_the_outcome() -> None:
    for seed in range(200):
        verdict = tied(1.05, 0.04, str(seed))
        assert verdict is not None
        inside = verdict.low > 1 / 1.1 and verdict.high < 1.1
        assert inside == (verdict.outcome == "PASS")


def test_undecided_goes_on() -> None:
    assert tied(1.0, 0.1, rounds=8) is None


def test_is_the_same_turned_round() -> None:
    values = {"a": [1.02, 1.01, 0.99, 1.03] * 2, "b": [1.0, 0.98, 1.01, 0.97] * 2}
    one = judge_tie(Tie("a", "b"), values, effort=EFFORT, ended=True)
    other = judge_tie(Tie("b", "a"), values, effort=EFFORT, ended=True)
    assert one is not None
    assert other is not None
    assert one.outcome == other.outcome
    assert one.low == pytest.approx(1 / other.high)


@pytest.mark.parametrize(("ratio", "noise"), [(1.1, 0.02), (1 / 1.1, 0.02), (1.1, 0.1), (1.0, 0.4)])
def test_wrong_verdicts_at_the_edge(ratio: float, noise: float) -> None:
    runs = 400
    outcomes = [v.outcome for v in (tied(ratio, noise, str(run)) for run in range(runs)) if v]
    allowed = 0.025 + 2 * (0.025 * 0.975 / runs) ** 0.5
    assert outcomes.count("FAIL") / runs <= allowed
    if ratio != 1.0:
        assert outcomes.count("PASS") / runs <= allowed
