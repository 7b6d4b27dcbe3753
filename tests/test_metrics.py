"""The registry of metrics: each is read, written and shown in one place."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.errors import SpecError, UnknownValue
from pytest_asyncbench.measure.counts import Counts
from pytest_asyncbench.measure.watching import DatabaseCounters, SlotCounters
from pytest_asyncbench.metrics import METRICS, metric
from pytest_asyncbench.postgres.statements import StatementCount

OF_OPEN_LOOPS = ("service_time", "send_delay_p99")


def test_the_directions():
    assert [name for name, entry in METRICS.items() if entry.more_is_better] == ["rps"]


DATABASE = DatabaseCounters(0.5, 100, 100, 0.1, 0, 5, {}, 10, 4)
COUNTERS = SlotCounters(0.5, 2, ((0.9, 0.1), (0.1, 0.0)), 8, 2000, 0.5, 0.0, 0.0, DATABASE)
STATEMENT = StatementCount("SELECT 1", 100, 300, 0.1)
COUNTS = Counts(50, (STATEMENT,), 0, 5000, 15, 2, ("UPDATE t",), "")


@pytest.mark.parametrize("entry", METRICS.values(), ids=list(METRICS))
def test_every_metric_is_read_from_a_slot_or_counted_and_shown(make_slot, entry):
    words = {"rate": 100.0, "delay": 0.001} if entry.name in OF_OPEN_LOOPS else {}
    slot = replace(make_slot(rps=100, count=1000, cpu=1.0, memory=50e6, **words), counters=COUNTERS)
    value = entry.count(COUNTS) if entry.is_exact else entry.read([slot])
    assert value >= 0
    assert entry.show(value)
    assert entry.source
    assert metric(entry.name) is entry


def test_what_a_slot_of_known_rate_gives(make_slot):
    datum = [
        make_slot(rps=100, count=100, failed=20, cpu=0.5, memory=50e6),
        make_slot(rps=100, count=100, cpu=0.1, memory=60e6),
    ]
    assert metric("rps").read(datum) == pytest.approx(90)
    assert metric("mean").read(datum) == pytest.approx(0.01)
    assert metric("errors").read(datum) == 0.1
    assert metric("cpu_per_request").read(datum) == pytest.approx(0.6 / 200)
    assert metric("memory").read(datum) == 60e6
    assert metric("p95").read(datum) == float("inf"), "10 % failed, and what failed is infinitely slow"
    assert metric("p50").read(datum) == pytest.approx(0.01)


def test_what_a_slot_of_an_open_loop_gives(make_slot):
    datum = [make_slot(rps=100, count=90, failed=9, rate=180.0, delay=0.002, window=0.5)]
    assert metric("rps").read(datum) == pytest.approx(81 / 0.5)
    assert metric("mean").read(datum) == pytest.approx(0.01)
    assert metric("service_time").read(datum) == pytest.approx(0.008)
    assert metric("send_delay_p99").read(datum) == pytest.approx(0.002)


def test_what_counters_give(make_slot):
    datum = [
        replace(make_slot(count=100), counters=COUNTERS),
        replace(make_slot(count=400), counters=COUNTERS),
    ]
    assert metric("db_cpu_per_request").read(datum) == pytest.approx(1.0 / 500)
    assert metric("context_switches_per_request").read(datum) == 8
    assert metric("threads").read(datum) == 8
    exact = {name: entry.count(COUNTS) for name, entry in METRICS.items() if entry.count}
    assert exact == {
        "queries_per_request": 2,
        "rows_per_request": 6,
        "rows_read_per_request": 100,
        "connections_per_request": 0,
        "connections_max": 15,
        "deadlocks": 2,
    }
    assert metric("rows_per_request").show(6.0) == "6"
    assert metric("rows_per_request").show(0.25) == "0.25"


@pytest.mark.parametrize("name", [name for name, entry in METRICS.items() if entry.is_exact])
def test_what_was_not_counted_says_why(name):
    with pytest.raises(UnknownValue, match=f"{name}: the test has no PostgreSQL database"):
        metric(name).count(Counts())
    with pytest.raises(UnknownValue, match="not in slots"):
        metric(name).read([])


def test_needed_answers():
    needed = {name: entry.needed_answers for name, entry in METRICS.items() if entry.needed_answers > 1}
    assert needed == {"p50": 20, "p95": 200, "p99": 1000}


@pytest.mark.parametrize(
    ("name", "words", "why"),
    [
        ("errors", {"count": 0}, "not a single request was sent"),
        ("rps", {"count": 0}, "not a single request was sent"),
        ("mean", {"count": 5, "failed": 5}, "none of 5 requests was answered ok"),
        ("cpu_per_request", {}, "the CPU time of this server's processes cannot be read"),
        ("cpu_per_request", {"cpu": 1.0, "count": 0}, "the server did not answer a single request"),
        ("service_time", {}, "a closed loop plans no starts that could be late"),
        ("send_delay_p99", {}, "a closed loop plans no starts that could be late"),
        ("send_delay_p99", {"rate": 9.0, "count": 0}, "not a single request was to start"),
        ("service_time", {"rate": 9.0, "count": 5, "failed": 5}, "none of 5 requests was answered ok"),
        ("threads", {}, "threads: the processes of this server cannot be looked at"),
        ("context_switches_per_request", {}, "cannot be looked at"),
        ("db_cpu_per_request", {}, "cannot be looked at"),
        ("memory", {}, "the memory of this server's processes cannot be read"),
        ("p99", {}, "p99 needs 1000 requests, and there are 300"),
    ],
)
def test_what_is_unknown_says_why(make_slot, name, words, why):
    with pytest.raises(UnknownValue, match=why):
        metric(name).read([make_slot(**words)])


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("rps", "300", 300),
        ("rps", "300 rps", 300),
        ("rps", "1.5/s", 1.5),
        ("p95", "250ms", 0.25),
        ("errors", "0.1%", 0.001),
        ("memory", "250 MB", 250e6),
        ("memory", "1GiB", 2**30),
        ("memory", "5 k", None),
        ("queries_per_request", 2, 2),
        ("connections_per_request", "0.5", 0.5),
        ("threads", "many", None),
        ("deadlocks", True, None),
        ("memory", 1000, 1000),
        ("rps", "fast", None),
        ("rps", "-3", None),
        ("rps", None, None),
    ],
)
def test_limits_are_written_in_units(name, text, value):
    if value is None:
        with pytest.raises(SpecError, match=f"budget: {text!r} is no"):
            metric(name).parse(text, "budget")
    else:
        assert metric(name).parse(text, "budget") == pytest.approx(value)


@given(st.floats(0.00001, 1e17), st.sampled_from(["rps", "memory"]))
def test_any_number_is_a_limit(value, name):
    assert metric(name).parse(value, "budget") == pytest.approx(value)


def test_an_unknown_metric_is_refused_with_the_known_ones():
    with pytest.raises(
        SpecError, match="no metric 'latency'; there are rps, mean, p50, p95, p99, min, max, rewrk_p50"
    ):
        metric("latency")
