"""The spread between launches, with the noise within them taken out."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.measure.launch_spread import spread

ROUNDS = st.lists(st.floats(-1, 1), min_size=2, max_size=6)


@pytest.mark.parametrize(("between", "within"), [(0.0, 0.05), (0.02, 0.05), (0.05, 0.02)])
def test_both_are_found_again(between, within):
    random = Random(f"{between} {within}")
    launches = []
    for number in range(400):
        shift = random.gauss(0, between)
        launches.append([shift + random.gauss(0, within) for _ in range(4 + number % 5)])
    found = spread(launches)
    assert found.within == pytest.approx(within, rel=0.1)
    assert found.between == pytest.approx(between, rel=0.15, abs=0.008)
    assert found.launches == 400


@given(st.lists(ROUNDS, min_size=2, max_size=6), st.floats(-5, 5))
def test_where_the_centre_is_does_not_matter(launches, shift):
    moved = spread([[d + shift for d in rounds] for rounds in launches])
    found = spread(launches)
    assert moved.between == pytest.approx(found.between, abs=1e-6)
    assert moved.within == pytest.approx(found.within, abs=1e-6)


def test_launches_that_are_alike_do_not_differ():
    assert spread([[0.1, -0.1]] * 5).between == 0
    assert spread([[1.0, 1.0], [2.0, 2.0]]).within == 0


@pytest.mark.parametrize("launches", [[], [[1.0, 2.0]], [[1.0, 2.0], [1.0]]])
def test_too_few(launches):
    with pytest.raises(ValueError, match="a spread takes two launches of two rounds each"):
        spread(launches)
