"""The product-limit estimate, against its definition and against nearest rank."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.measure.kaplan_meier import kaplan_meier
from pytest_asyncbench.measure.percentiles import nearest_rank

SHARES = st.sampled_from([0.5, 0.9, 0.95, 0.99])
TIMES = st.lists(st.integers(1, 30).map(float), max_size=80)


def product_limit(known: list[float], censored: list[float], share: float) -> float | None:
    """S(t), the product of 1 - d/n over the times of known values, in exact fractions."""
    survival = Fraction(1)
    for time in sorted(set(known)):
        at_risk = sum(t >= time for t in known) + sum(t >= time for t in censored)
        survival *= 1 - Fraction(known.count(time), at_risk)
        if survival <= 1 - Fraction(str(share)):
            return time
    return None


@given(TIMES.filter(bool), SHARES)
def test_without_censored_values_it_is_the_nearest_rank(known, share):
    assert kaplan_meier(known, [], share) == nearest_rank(sorted(known), share)


@given(TIMES, TIMES, SHARES)
def test_it_is_the_product_limit(known, censored, share):
    assert kaplan_meier(known, censored, share) == product_limit(known, censored, share)


@given(TIMES, st.integers(1, 20), SHARES)
def test_values_censored_beyond_the_percentile_are_just_longer(known, count, share):
    found = kaplan_meier(known, [31.0] * count, share)
    expected = nearest_rank(sorted(known) + [math.inf] * count, share)
    assert found == (None if expected == math.inf else expected)


def test_the_example_of_a_textbook():
    """Six and ten weeks: 6-MP in leukemia (Freireich 1963), the 21 treated; median 23 weeks."""
    known = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    assert kaplan_meier(known, censored, 0.5) == 23
    assert kaplan_meier(known, censored, 0.6) is None


def test_it_finds_the_truth_behind_random_censoring():
    coin = random.Random(1)
    known, censored = [], []
    for _ in range(20_000):
        latency, given_up = coin.expovariate(1), coin.uniform(0, 4)
        (known if latency <= given_up else censored).append(min(latency, given_up))
    assert kaplan_meier(known, censored, 0.5) == pytest.approx(math.log(2), rel=0.03)
    assert kaplan_meier(known, censored, 0.9) == pytest.approx(math.log(10), rel=0.03)
