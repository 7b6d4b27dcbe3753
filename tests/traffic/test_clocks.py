"""Whatever the way there and back took, the offset is within what is said of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.traffic.clocks import Offset, best, shifted

delays = st.floats(0.00001, 0.2)


@given(st.floats(-1e6, 1e6), st.lists(st.tuples(delays, delays), min_size=1, max_size=20))
def test_the_offset_is_known_to_within_its_error(truth, ways):
    readings, now = [], 1000.0
    for there, back in ways:
        readings.append((now, now + there + truth, now + there + back))
        now += 1.0
    found = best(readings)
    assert abs(found.seconds - truth) <= found.error + 1e-6
    assert found.error == pytest.approx(min(there + back for there, back in ways) / 2, abs=1e-6)


def test_times_become_those_of_the_controller(make_samples):
    result = make_samples(window=0.5)
    ours = shifted(result, Offset(5.0, 0.001))
    assert (ours.started, ours.opened, ours.closed, ours.ended) == (-5.0, -5.0, -4.5, -4.5)
    assert ours.clock_error == 0.001
    assert ours.latency is result.latency


def test_of_one_clock_nothing_is_shifted(make_samples):
    result = make_samples()
    assert shifted(result, Offset()) is result
