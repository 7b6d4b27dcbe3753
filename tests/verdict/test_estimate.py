"""Intervals of values about which nothing was claimed."""

from __future__ import annotations

from math import exp, inf, log, nan
from random import Random

import pytest

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.verdict import Effort, estimate, estimate_values, judge
from pytest_asyncbench.verdict.estimate import interval_k
from pytest_asyncbench.verdict.signed_rank import largest_k, tail

EFFORT = Effort()
RANDOM = Random("estimate")
LOGS = [RANDOM.gauss(1, 0.1) for _ in range(150)]


@pytest.mark.parametrize(("rounds", "k"), [(1, 0), (7, 0), (8, 1), (9, 2), (12, 8), (18, 30), (30, 122)])
def test_interval_is_that_of_the_look(rounds: int, k: int) -> None:
    assert interval_k(rounds, EFFORT) == k


@pytest.mark.parametrize("rounds", [13, 17, 31, 60, 100])
def test_between_looks_the_tail_is_that_of_the_look_before(rounds: int) -> None:
    look, k = max(pair for pair in ((12, 8), (18, 30), (30, 122)) if pair[0] <= rounds)
    assert (
        tail(rounds, interval_k(rounds, EFFORT))
        <= tail(look, k)
        < tail(rounds, interval_k(rounds, EFFORT) + 1)
    )


@pytest.mark.parametrize("rounds", [101, 150, 200])
def test_normal_approximation(rounds: int) -> None:
    assert interval_k(rounds, EFFORT) == pytest.approx(largest_k(rounds, tail(30, 122)), rel=0.005)


def test_same_numbers_as_the_rule() -> None:
    verdict = judge([d - 1 for d in LOGS[:30]], margin=0.99, confidence=0.99, ended=True)
    assert verdict is not None
    here = estimate([d - 1 for d in LOGS[: verdict.rounds]], effort=Effort(0.99))
    assert (here.value, here.low, here.high) == (verdict.ratio, verdict.low, verdict.high)


def test_too_few_rounds() -> None:
    few = estimate(LOGS[:7], effort=EFFORT)
    assert (few.low, few.high, few.rounds) == (None, None, 7)
    assert few.value == pytest.approx(exp(1), rel=0.2)
    assert estimate(LOGS[:8], effort=Effort(0.99)).low is None


def test_values_of_one_variant() -> None:
    values = [exp(d) for d in LOGS[:12]]
    assert estimate_values(values, effort=EFFORT) == estimate([log(v) for v in values], effort=EFFORT)


def test_infinite_values_are_values() -> None:
    slow = estimate_values([inf, *[0.1] * 11], effort=EFFORT)
    assert (slow.value, slow.low, slow.high) == pytest.approx((0.1, 0.1, inf))
    assert estimate_values([0.0] * 8, effort=EFFORT).value == 0


def test_nothing_to_estimate() -> None:
    with pytest.raises(SpecError, match="no values"):
        estimate([], effort=EFFORT)
    with pytest.raises(SpecError, match="round 1 gave -2"):
        estimate_values([-2.0], effort=EFFORT)
    with pytest.raises(SpecError, match="NaN"):
        estimate([0.0, nan], effort=EFFORT)
