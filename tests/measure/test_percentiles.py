"""Statistics over raw samples, with brute force as the oracle."""

from __future__ import annotations

import math
from array import array
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.errors import UnknownValue
from pytest_asyncbench.measure import percentiles
from pytest_asyncbench.traffic.outcomes import OUTCOMES
from pytest_asyncbench.traffic.samples import SlotResult


def slot(latencies, outcomes=None, cycles=None, users=1):
    values = {field.name: 0 for field in fields(SlotResult)}
    values |= {
        "counts": {"settle": {"timeout": 4}},
        "users": users,
        "latency": array("d", latencies),
        "cycle": array("d", latencies if cycles is None else cycles),
        "outcome": bytes(OUTCOMES.index(name) for name in outcomes or ["ok"] * len(latencies)),
    }
    return SlotResult(**values)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=300), st.sampled_from([0.5, 0.9, 0.95, 0.99, 1.0]))
def test_nearest_rank_is_the_smallest_value_that_enough_do_not_exceed(values, share):
    found = percentiles.nearest_rank(sorted(values), share)
    needed = round(share * len(values), 9)
    assert found in values
    assert sum(value <= found for value in values) >= needed
    assert sum(value < found for value in values) < needed


@pytest.mark.parametrize(
    ("share", "needed"), [(0.5, 20), (0.9, 100), (0.95, 200), (0.99, 1000), (0.999, 10000)]
)
def test_a_percentile_needs_ten_answers_beyond_it(share, needed):
    assert percentiles.needed_answers(share) == needed
    with pytest.raises(UnknownValue, match=f"needs {needed} requests, and there are {needed - 1}"):
        percentiles.percentile([slot([1.0] * (needed - 1))], share)
    assert percentiles.percentile([slot([1.0] * needed)], share) == 1.0


def test_slots_are_merged_by_samples():
    slots = [slot(range(1, 201)), slot(range(201, 1001))]
    assert percentiles.percentile(slots, 0.95) == 950
    assert percentiles.percentile(slots, 0.5) == 500
    assert percentiles.mean(slots) == 500.5
    assert (percentiles.minimum(slots), percentiles.maximum(slots)) == (1, 1000)


def test_failed_requests_are_infinitely_slow():
    slots = [slot([0.001] * 20 + [0.1] * 180, ["bad_status"] * 20 + ["ok"] * 180)]
    assert percentiles.percentile(slots, 0.5) == 0.1
    assert percentiles.percentile(slots, 0.95) == math.inf
    assert percentiles.mean(slots) == pytest.approx(0.1)
    assert percentiles.minimum(slots) == 0.1
    assert percentiles.failures(slots) == 20


def test_a_censored_request_leaves_alone_what_it_cannot_change():
    slots = [slot([0.1] * 250 + [0.2] * 249 + [0.15], ["ok"] * 499 + ["censored"])]
    assert percentiles.percentile(slots, 0.5) == 0.1
    assert percentiles.percentile(slots, 0.95) == 0.2
    assert percentiles.mean([slot([1, 2, 6], ["ok", "ok", "censored"])]) == 3


def test_too_many_censored_requests_refuse_a_percentile():
    slots = [slot([0.1] * 180 + [0.5] * 20, ["ok"] * 180 + ["censored"] * 20)]
    assert percentiles.percentile(slots, 0.5) == 0.1
    why = r"p95 cannot be known: 20 of 200 requests were still unanswered when their slot ended, after up to 0\.5 s"
    with pytest.raises(UnknownValue, match=why):
        percentiles.percentile(slots, 0.95)


def test_failed_requests_are_slower_than_censored_ones():
    outcomes = ["ok"] * 180 + ["censored"] * 5 + ["reset"] * 15
    assert percentiles.percentile([slot([0.1] * 180 + [0.5] * 20, outcomes)], 0.95) == math.inf


def test_rps_is_users_times_share_ok_over_the_mean_cycle():
    assert percentiles.rps([slot([0.1] * 10, cycles=[0.2] * 10, users=64)]) == pytest.approx(320)
    half = ["ok", "reset"] * 5
    assert percentiles.rps([slot([0.1] * 10, half, [0.2] * 10, 64)]) == pytest.approx(160)
    assert percentiles.rps([slot([0.1], users=4), slot([0.3], users=4)]) == pytest.approx(20)
    assert percentiles.mean_cycle([slot([0.1]), slot([0.3])]) == pytest.approx(0.2)


def test_users_who_never_get_an_answer_do_nothing_for_the_rate():
    lucky = slot([0.01] * 60, users=8)
    assert percentiles.rps([replace(lucky, starved=7)]) == pytest.approx(100)
    assert percentiles.rps([replace(lucky, starved=7), lucky]) == pytest.approx(450)


def test_rewrk_p50_is_the_mean_of_the_slowest_half():
    assert percentiles.rewrk_p50([slot([1, 2, 3, 4])]) == 3.5


@pytest.mark.parametrize(
    "statistic", [percentiles.mean, percentiles.minimum, percentiles.maximum, percentiles.rewrk_p50]
)
def test_nothing_ok_is_no_value(statistic):
    with pytest.raises(UnknownValue, match="none of 2 requests was answered ok"):
        statistic([slot([1, 2], ["reset", "timeout"])])


def test_nothing_sent_is_no_rate():
    with pytest.raises(UnknownValue, match="before it: 4 timeout"):
        percentiles.rps([slot([])])


@given(st.integers(20, 400), st.floats(0.3, 3))
def test_the_pace_of_the_answers_is_that_of_the_server(number, factor):
    """A server that does 100 per second is asked for `factor` times that: `served` is not misled."""
    rate = 100 * factor
    sent = [index / rate for index in range(number)]
    ended, busy = [], 0.0
    for start in sent:
        busy = max(busy, start) + 0.01
        ended.append(busy)
    open_slot = replace(
        slot([end - start for end, start in zip(ended, sent, strict=True)]), sent=array("f", sent)
    )
    assert percentiles.served([open_slot]) == pytest.approx(min(100, rate), rel=0.02)


def test_no_pace_without_answers():
    with pytest.raises(UnknownValue, match="too few requests were answered ok"):
        percentiles.served([replace(slot([0.1]), sent=array("f", [0.0]))])
