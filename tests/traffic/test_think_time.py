"""How long users think."""

from __future__ import annotations

from statistics import fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytest_asyncbench
from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.traffic.think_time import (
    Between,
    Exponential,
    exponential,
    longest_of,
    mean_of,
    think_time,
    thinker,
)


def drawn(think, seed="1", count=4000):
    draw = thinker(think, seed)
    return [draw() for _ in range(count)]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (1, 1.0),
        ("250ms", 0.25),
        (("250ms", 1), Between(0.25, 1.0)),
        ([0, "2s"], Between(0.0, 2.0)),
        (exponential("1s"), Exponential(1.0)),
        (Between(1, 2), Between(1, 2)),
    ],
)
def test_how_it_is_written(written, meant):
    assert think_time(written, "think_time") == meant


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("soon", "think_time: 'soon' is no time"),
        ((1,), r"write \(low, high\)"),
        ((1, 2, 3), r"write \(low, high\)"),
        ((2, 1), "the shorter time comes first"),
        ((1, "x"), "'x' is no time"),
        (None, "None is no time"),
    ],
)
def test_what_is_no_think_time(written, why):
    with pytest.raises(SpecError, match=why):
        think_time(written, "think_time")


@pytest.mark.parametrize("mean", [0, "0s", -1, "x"])
def test_what_is_no_mean(mean):
    with pytest.raises(SpecError, match="exponential"):
        pytest_asyncbench.exponential(mean)


@given(st.floats(0, 10), st.floats(0, 10), st.text())
def test_times_between_two(one, other, seed):
    think = Between(min(one, other), max(one, other))
    times = drawn(think, seed, 20)
    assert all(think.low <= time <= think.high * (1 + 1e-9) for time in times)
    assert times == drawn(think, seed, 20)
    assert think.low <= mean_of(think) <= longest_of(think) == think.high


def test_their_means():
    assert fmean(drawn(Between(1, 3))) == pytest.approx(mean_of(Between(1, 3)), rel=0.02)
    times = drawn(Exponential(0.5))
    assert fmean(times) == pytest.approx(mean_of(Exponential(0.5)), rel=0.05)
    assert pstdev(times) == pytest.approx(0.5, rel=0.05)
    assert max(times) < longest_of(Exponential(0.5))
    assert drawn(0.25, count=3) == [0.25] * 3
    assert mean_of(0.25) == longest_of(0.25) == 0.25


def test_users_differ():
    assert drawn(Exponential(1), "7/0") != drawn(Exponential(1), "7/1")
