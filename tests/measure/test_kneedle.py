"""Kneedle on curves whose knee is known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.measure.kneedle import kneedle


def test_the_example_of_the_paper():
    """Section III: y = -1/x + 5 with ten points from 0.1 to 1 has its knee at x = 0.22 as drawn; at 0.2 on the grid."""
    xs = [0.1 + 0.1 * step for step in range(10)]
    assert kneedle(xs, [-1 / x + 5 for x in xs]) == pytest.approx(0.2, abs=0.11)


def test_a_sharp_corner():
    assert kneedle([1, 2, 4, 8, 16], [20, 40, 80, 80, 80]) == 4


@pytest.mark.parametrize(
    ("xs", "ys"),
    [
        ([1, 2, 4], [5.0, 5.0, 5.0]),
        ([1, 2, 4, 8], [10, 20, 40, 80]),
        ([1, 2, 4, 8], [80, 40, 20, 10]),
        ([1, 2], [1, 2]),
        ([], []),
    ],
)
def test_curves_without_a_knee(xs, ys):
    assert kneedle(xs, ys) is None


def test_less_sensitive_means_fewer_knees():
    curve = [1, 2, 3, 4, 5], [1, 2.4, 3.2, 4.1, 5]
    assert kneedle(*curve, sensitivity=0.1) == 2
    assert kneedle(*curve, sensitivity=2) is None


@given(st.integers(2, 7), st.floats(0.001, 10), st.floats(0.01, 1e6))
def test_the_corner_is_found_whatever_the_units(corner, x_scale, y_scale):
    xs = [float(2**step) * x_scale for step in range(10)]
    ys = [min(x, xs[corner]) * y_scale for x in xs]
    assert kneedle(xs, ys) == xs[corner]
