"""The mathematics of a ramp, on throughput curves whose knee is known: X(N) = min(N / (R + Z), X_max)."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pytest_asyncbench.errors import UnknownValue
from pytest_asyncbench.measure.interval import Interval
from pytest_asyncbench.measure.ramp import (
    Plateau,
    cliff,
    hysteresis,
    knee,
    over_repeats,
    slo_limit,
)
from pytest_asyncbench.traffic.ramp_plan import geometric

TO_64 = (1, 2, 4, 8, 16, 32, 64)


def curve(response: float, most: float, think: float = 0.0, loads=TO_64, noise: float = 0.0, seed: int = 0):
    """Plateaus of a server of which an answer takes `response` alone, and that gives `most` of them per second."""
    swing = random.Random(seed)
    plateaus = []
    for load in loads:
        rps = min(load / (response + think), most) * math.exp(swing.gauss(0, noise))
        plateaus.append(Plateau(load, rps, max(load / rps - think, 1e-9)))
    return plateaus


@given(st.floats(0.001, 2.0), st.floats(1.2, 45.0), st.floats(0.0, 5.0))
def test_the_knee_is_where_the_asymptotes_meet(response, at, think):
    found = knee(curve(response, at / (response + think), think), think)
    assert found.at == pytest.approx(at)
    assert found.unhindered == pytest.approx(response)
    assert found.kneedle is not None, "both see a knee"
    assert at / 2.01 <= found.kneedle <= at * 2.01, "on a grid of factor two"


@given(st.floats(2.0, 40.0), st.integers(0, 1000))
def test_noise_moves_it_by_little(at, seed):
    found = knee(curve(0.05, at / 0.05, noise=0.02, seed=seed))
    assert found.at == pytest.approx(at, rel=0.12)


def test_the_knee_has_the_interval_of_its_two_factors():
    plateaus = [
        Plateau(1, 20, 0.05, 0, (19, 21), (0.048, 0.052)),
        Plateau(4, 80, 0.05, 0, (76, 84), (0.049, 0.051)),
        Plateau(16, 81, 0.2, 0, (80, 82), (0.19, 0.21)),
    ]
    found = knee(plateaus, think_time=0.1)
    assert (found.low, found.high) == (pytest.approx(80 * 0.148), pytest.approx(82 * 0.152))
    unknown = knee([Plateau(1, 20, 0.05), Plateau(4, 80, 0.05), Plateau(16, 80, 0.2)])
    assert (unknown.low, unknown.high) == (0, math.inf)


def test_of_an_open_loop_it_is_the_highest_rate():
    plateaus = [
        Plateau(rate, min(rate, 300), 0.05 if rate < 300 else 2.0) for rate in (50, 100, 200, 400, 800)
    ]
    found = knee(plateaus, by="rate")
    assert (found.at, found.kneedle) == (300, 400)


@pytest.mark.parametrize(
    ("plateaus", "why"),
    [
        (curve(0.05, 1e9), "no knee up to 64 users: throughput still grew there"),
        (curve(0.05, 80, loads=(16, 32, 64)), "at or below 16 users, where the ramp began"),
        (curve(0.05, 80, loads=(1, 64)), "it takes three plateaus with answers, and there are 2"),
        ([*curve(0.05, 80, loads=(1, 64)), Plateau(80, 0.0, math.inf, 1.0)], "and there are 2"),
        ([], "and there are 0"),
    ],
)
def test_what_a_ramp_cannot_say(plateaus, why):
    with pytest.raises(UnknownValue, match=why):
        knee(plateaus)


def test_a_server_of_one_thread_has_its_knee_at_one_user():
    assert knee(curve(0.05, 20)).at == pytest.approx(1.0)


@given(st.lists(st.floats(1, 1000), min_size=3, max_size=9, unique=True), st.floats(0.01, 1000))
def test_it_never_lies_beyond_what_throughput_allows(loads, most):
    loads = sorted(loads)
    assume(most < 0.7 * loads[-1])
    try:
        found = knee(curve(1.0, most, loads=loads))
    except UnknownValue:
        return
    assert found.at <= loads[-1]


def test_the_cliff_began_after_the_plateau_before():
    assert cliff((1, 2, 4), True) == Interval(4, 2, 4)
    assert cliff((1,), True) == Interval(1, 0.0, 1)
    with pytest.raises(UnknownValue, match=r"^no cliff up to 4 users$"):
        cliff((1, 2, 4), False)
    with pytest.raises(UnknownValue, match="nothing was measured"):
        cliff((), False)


def test_a_budget_is_kept_up_to_where_it_is_broken_first():
    loads = (1, 2, 4, 8)
    assert slo_limit(loads, [True, True, False, True]) == Interval(2, 2, 4)
    assert slo_limit(loads, [None, True, True, None]) == Interval(4, 4, math.inf)
    with pytest.raises(UnknownValue, match="it is broken at 2 already"):
        slo_limit(loads, [None, False, False, False])
    with pytest.raises(UnknownValue, match="could not be judged at any plateau"):
        slo_limit(loads, [None] * 4)


def test_repeats_give_the_median_and_the_whole_range():
    alone = Interval(4, 3, 5)
    assert over_repeats([alone]) is alone
    assert over_repeats([Interval(v, 0, math.inf) for v in (5, 4, 4.5)]) == Interval(4.5, 4, 5)
    assert over_repeats([Interval(v, 0, math.inf) for v in (5, 4)]) == Interval(4, 4, 5)


def test_hysteresis_is_the_ratio_of_the_latencies():
    assert hysteresis(Plateau(1, 20, 0.05), Plateau(1, 10, 0.1)) == 2
    assert math.isinf(hysteresis(Plateau(1, 0, 0.0), Plateau(1, 10, 0.1)))


@given(st.integers(1, 50), st.integers(2, 5000), st.integers(2, 30))
def test_geometric_steps(low, factor, count):
    found = geometric(low, low * factor, count)
    assert (found[0], found[-1], len(found)) == (low, low * factor, count)
    assert all(b > a for a, b in pairwise(found))
