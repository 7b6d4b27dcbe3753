"""When an open loop's generator was too late."""

from __future__ import annotations

from array import array
from dataclasses import replace

import pytest

from pytest_asyncbench.traffic.lateness import late_on_average, late_starts, limit_of


@pytest.fixture
def slot(make_samples):
    """Makes a slot whose answers take 10 ms, with these delays of its starts."""

    def made(delays, latency=0.01, **words):
        made = make_samples(1 / latency, count=len(delays), rate=100.0, **words)
        return replace(made, send_delay=array("f", delays))

    return made


def test_a_closed_loop_has_no_starts_to_be_late(make_samples):
    assert late_starts([make_samples()]) == late_on_average([make_samples()]) == ()


def test_the_limit_is_a_millisecond_or_5_percent_of_the_median(slot):
    assert limit_of([slot([0.0] * 9, latency=0.001)]) == 0.001
    assert limit_of([slot([0.0] * 9, latency=0.1)]) == pytest.approx(0.005)
    assert limit_of([slot([0.0] * 9, latency=0.1, failed=9)]) == 0.001


@pytest.mark.parametrize(
    ("late", "count", "complains"),
    [
        (10, 1000, False),
        (11, 1000, True),
        (20, 2000, False),
        (21, 2000, True),
        (10, 20, False),
        (11, 20, True),
    ],
)
def test_late_starts_count_once_they_are_more_than_one_percent_and_more_than_ten(
    slot, late, count, complains
):
    found = late_starts([slot([0.002] * late + [0.0] * (count - late))])
    assert bool(found) == complains
    if found:
        assert found[0].startswith("send_delay has a p99 of 2.00 ms, more than 1.00 ms, over ")


def test_slots_are_judged_together(slot):
    few = [slot([0.002] * 6 + [0.0] * 94), slot([0.002] * 6 + [0.0] * 94)]
    assert late_starts(few[:1]) == ()
    assert late_starts(few)


def test_the_mean_counts_too(slot):
    found = late_on_average([slot([0.05] * 3 + [0.0] * 97)])
    why = "more than 1.00 ms, over 100 starts: the load agent did not keep up with the rate"
    assert found == (f"send_delay has a mean of 1.50 ms, {why}",)
    assert late_on_average([slot([0.05] + [0.0] * 99)]) == ()
