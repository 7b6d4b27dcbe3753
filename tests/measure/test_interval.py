"""The interval of a value from round to round."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.measure.interval import Interval, interval
from pytest_asyncbench.verdict.effort import Effort

EFFORT = Effort()
VALUES = st.lists(st.floats(0.01, 1000), min_size=1, max_size=30)


@given(VALUES)
def test_the_centre_lies_within_and_the_interval_within_the_values(values):
    found = interval(values, EFFORT)
    assert found.low <= found.centre * 1.000001
    assert found.high >= found.centre * 0.999999
    if len(values) < 8:
        assert (found.low, found.high) == (0.0, math.inf)
    else:
        assert min(values) * 0.999999 <= found.low
        assert found.high <= max(values) * 1.000001


@given(VALUES, st.floats(0.1, 10))
def test_another_unit_scales_everything(values, by):
    found, scaled = interval(values, EFFORT), interval([value * by for value in values], EFFORT)
    assert scaled.centre == pytest.approx(found.centre * by)
    assert scaled.low == pytest.approx(found.low * by)
    assert scaled.high == pytest.approx(found.high * by)


def test_eight_rounds_give_the_whole_range():
    values = [90.0, 95, 100, 101, 102, 103, 105, 110]
    found = interval(values, EFFORT)
    assert (found.low, found.high) == (pytest.approx(90), pytest.approx(110))


@pytest.mark.parametrize("odd", [0.0, math.inf])
def test_where_a_slot_has_no_ratio_there_is_no_interval(odd):
    assert interval([1.0, 2.0, odd] * 3, EFFORT) == Interval(
        pytest.approx(1.0 if odd == 0 else 2.0), 0.0, math.inf
    )
