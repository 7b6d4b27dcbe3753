"""Latencies as points, and as a series."""

from __future__ import annotations

from array import array
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.measure.percentiles import nearest_rank
from pytest_asyncbench.report.distribution import distribution, series

times = st.lists(st.floats(0.001, 10), min_size=1, max_size=400)


def with_latencies(make_samples, latencies, failed=0, **words):
    return replace(
        make_samples(count=len(latencies), failed=failed, **words),
        latency=array("d", latencies),
        sent=array("d", [0.0] * len(latencies)),
    )


@given(times)
def test_points_are_exact_and_end_at_the_slowest(make_samples, latencies):
    found = distribution([with_latencies(make_samples, latencies)])
    assert found.count == len(latencies)
    assert (found.shares[-1], found.seconds[-1]) == (1.0, max(latencies))
    assert list(found.shares) == sorted(set(found.shares))
    for share, time in zip(found.shares, found.seconds, strict=True):
        assert time == nearest_rank(sorted(latencies), share)


def test_more_requests_have_more_nines(make_samples):
    found = [
        distribution([with_latencies(make_samples, [0.1] * n)]).shares[-2] for n in (10, 100, 1000, 10_000)
    ]
    assert found == [0.9, 0.99, 0.999, 0.9999]


def test_what_is_not_ok_is_infinitely_slow(make_samples):
    found = distribution([with_latencies(make_samples, [0.1] * 10, failed=2)])
    values = dict(zip(found.shares, found.seconds, strict=True))
    assert (found.count, found.failed, values[0.8], values[0.81], values[1.0]) == (10, 2, 0.1, None, None)


def test_nothing_has_no_points(make_samples):
    found = distribution([make_samples(count=0)])
    assert (found.count, found.shares, found.seconds) == (0, (), ())


def test_a_series_counts_every_request_where_it_was_sent(make_samples):
    sent = [0.0, 0.05, 0.15, 0.29, 0.31, 0.33]
    slot = replace(make_samples(count=6, failed=1, window=0.34), sent=array("f", sent))
    found = series(slot)
    assert (found.step, found.sent, found.ok) == (0.1, (2, 1, 3), (2, 1, 2))
    assert found.p95 == (None, None, None)
    assert found.mean[0] == slot.latency[0]


def test_a_stall_is_seen_where_it_is(make_samples):
    stalled = [(n / 100, 0.3 - n / 100 if 10 <= n < 30 else 0.01) for n in range(50)]
    slot = with_latencies(make_samples, [latency for _, latency in stalled], window=0.5)
    found = series(replace(slot, sent=array("f", [at for at, _ in stalled])))
    assert [round(mean, 3) for mean in found.mean] == [0.01, 0.155, 0.055, 0.01, 0.01]


@given(st.floats(0.01, 5.0), st.lists(st.floats(0, 1), max_size=200))
def test_no_request_is_lost(make_samples, window, at):
    slot = replace(
        make_samples(count=len(at), window=window), sent=array("f", [share * window for share in at])
    )
    assert sum(series(slot).sent) == len(at)
