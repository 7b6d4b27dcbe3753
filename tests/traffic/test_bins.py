"""Samples in bins: counts and sums are exact, percentiles within the stated error, in any order of merging."""

from __future__ import annotations

import math
import subprocess
import sys
from array import array
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.measure import percentiles
from pytest_asyncbench.measure.steps import step_samples
from pytest_asyncbench.traffic.bins import RELATIVE_ERROR, STEP, Bins, binned, most_raw, size_class
from pytest_asyncbench.traffic.lateness import late_on_average, late_starts, limit_of
from pytest_asyncbench.traffic.merging import merge
from pytest_asyncbench.traffic.outcomes import OUTCOMES

OK, CENSORED, RESET = map(OUTCOMES.index, ("ok", "censored", "reset"))
times = st.floats(1e-5, 100.0)
rows = st.lists(
    st.tuples(times, st.floats(-0.01, 5.0), st.sampled_from([OK, OK, OK, OK, RESET])), min_size=1, max_size=80
)


def slot(make_samples, rows, repeated=1, rate=0.0, opened=100.0):
    """A slot of these requests, each `repeated` times."""
    rows = list(rows) * repeated
    latency = array("d", (row[0] for row in rows))
    return replace(
        make_samples(count=0, window=5.0, rate=rate),
        sent=array("f", (row[1] for row in rows)),
        latency=latency,
        cycle=array("f", () if rate else latency),
        outcome=bytes(row[2] for row in rows),
        send_delay=array("f", (row[0] / 50 for row in rows) if rate else ()),
        opened=opened,
        closed=opened + 5.0,
    )


@given(times, times)
def test_times_of_one_class_differ_by_no_more_than_the_error(one, other):
    if size_class(one) == size_class(other):
        assert max(one, other) / min(one, other) < 1 + RELATIVE_ERROR + 1e-9


@given(rows, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_percentiles_are_within_the_error(make_samples, rows, share):
    repeated = math.ceil(percentiles.needed_answers(share) / len(rows))
    exact = slot(make_samples, rows, repeated)
    true = percentiles.percentile([exact], share)
    found = percentiles.percentile([binned(exact)], share)
    assert found == true == math.inf or abs(found - true) <= RELATIVE_ERROR * true


@given(rows)
def test_counts_and_sums_are_exact(make_samples, rows):
    exact = slot(make_samples, rows)
    inexact = binned(exact)
    assert inexact.number == exact.number
    assert inexact.outcomes() == exact.outcomes()
    assert percentiles.failures([inexact]) == percentiles.failures([exact])
    assert percentiles.mean_cycle([inexact]) == pytest.approx(percentiles.mean_cycle([exact]), rel=1e-5)
    if OK in exact.outcome:
        assert percentiles.mean([inexact]) == pytest.approx(percentiles.mean([exact]))
        assert percentiles.rps([inexact]) == pytest.approx(percentiles.rps([exact]), rel=1e-5)
        assert percentiles.rewrk_p50([inexact]) == pytest.approx(
            percentiles.rewrk_p50([exact]), rel=RELATIVE_ERROR
        )
        assert percentiles.maximum([inexact]) == pytest.approx(
            percentiles.maximum([exact]), rel=RELATIVE_ERROR
        )


@given(rows, rows, rows)
def test_merging_bins_is_the_same_in_any_order_and_the_same_as_of_samples(make_samples, first, second, third):
    slots = [
        slot(make_samples, rows, opened=100.0 + n / 1000) for n, rows in enumerate((first, second, third))
    ]
    raw = merge(slots)
    merged = merge([slots[0], binned(slots[1]), binned(slots[2])])
    turned = merge([binned(slots[2]), slots[1], binned(slots[0])])
    assert merged.weights
    assert turned.weights
    assert not raw.weights
    for found in (merged, turned):
        assert found.number == raw.number
        assert found.outcomes() == raw.outcomes()
        assert (found.window, found.opened, found.users) == (raw.window, raw.opened, raw.users)
        assert math.fsum(map(float.__mul__, found.sent, map(float, found.weights))) == pytest.approx(
            math.fsum(raw.sent), rel=1e-4, abs=1e-3
        )
    assert list(merged.weights) == list(turned.weights)
    assert list(merged.latency) == pytest.approx(list(turned.latency))


@given(rows)
def test_an_open_loop_keeps_its_delays(make_samples, rows):
    exact = slot(make_samples, rows, math.ceil(1000 / len(rows)), rate=100.0)
    inexact = binned(exact)
    true = percentiles.send_delay([exact], 0.99)
    assert percentiles.send_delay([inexact], 0.99) == pytest.approx(true, rel=RELATIVE_ERROR + 1e-6)
    assert limit_of([inexact]) == pytest.approx(limit_of([exact]), rel=RELATIVE_ERROR + 1e-6)
    assert bool(late_on_average([inexact])) == bool(late_on_average([exact])) or OK in exact.outcome
    if OK in exact.outcome:
        assert percentiles.service_time([inexact]) == pytest.approx(
            percentiles.service_time([exact]), rel=1e-4
        )


def test_late_starts_are_found_in_bins(make_samples):
    exact = slot(make_samples, [(0.01, 0.0, OK)] * 980 + [(5.0, 0.1, OK)] * 20, rate=100.0)
    assert late_starts([binned(exact)])[0].startswith("send_delay has a p99 of")


def test_censored_requests_count_as_in_samples(make_samples):
    rows = [(0.1 + number / 100, 0.0, OK) for number in range(300)] + [(0.5, 0.0, CENSORED)] * 30
    exact = slot(make_samples, rows)
    for share in (0.5, 0.9):
        true = percentiles.percentile([exact], share)
        assert percentiles.percentile([binned(exact)], share) == pytest.approx(true, rel=RELATIVE_ERROR)


def test_the_pace_of_answers(make_samples):
    rows = [(0.01, number / 1000, OK) for number in range(4000)]
    exact = slot(make_samples, rows)
    assert percentiles.served([binned(exact)]) == pytest.approx(percentiles.served([exact]), rel=2 * STEP / 4)


def test_requests_of_a_mix_stay_apart(make_samples):
    exact = replace(
        slot(make_samples, [(0.1, 0.0, OK), (0.2, 0.0, OK)] * 50),
        request=array("I", [0, 1] * 50),
        names=("a", "b"),
    )
    step = step_samples(binned(exact), "b")
    assert (step.number, step.outcomes()["ok"]) == (50, 50)
    assert percentiles.mean([step]) == pytest.approx(0.2)
    assert percentiles.rps([step]) == pytest.approx(percentiles.rps([step_samples(exact, "b")]))


def test_what_is_in_bins_is_left_alone(make_samples):
    once = binned(slot(make_samples, [(0.1, 0.0, OK)] * 5))
    assert binned(once) is once
    assert (len(once.latency), list(once.weights)) == (1, [5])


@pytest.mark.parametrize("agents", [1, 3, 10_000_000])
def test_all_agents_together_send_no_more_than_is_kept(agents):
    assert most_raw(agents) * agents <= max(1_000_000, agents)


def test_bins_are_far_fewer_than_samples(make_samples):
    """As many requests as a busy agent makes in a slot: their bins are what travels."""
    rows = [(0.001 * (1 + (number * 7919 % 1000) / 250), number / 20_000, OK) for number in range(20_000)]
    assert len(binned(slot(make_samples, rows)).latency) < 2000


def test_a_controller_of_many_agents_stays_small():
    """The benchmark in small: exact numbers, percentiles within the error, and less than 200 MB."""
    script = Path(__file__).parents[2] / "benchmarks" / "cluster.py"
    words = ["--rounds", "0", "--agents", "30", "--samples", "20000", "--distinct", "2"]
    done = subprocess.run([sys.executable, str(script), *words], capture_output=True, text=True, check=False)
    assert not done.returncode, done.stdout + done.stderr
    assert "30 agents, 600,000 requests: merged" in done.stdout


def test_bins_do_not_grow_with_the_number_of_agents(make_samples):
    rows = [(0.001 + number / 1e5, number / 1000, OK) for number in range(1000)]
    bins = Bins()
    bins.add(slot(make_samples, rows))
    before = len(bins.sums)
    for _ in range(20):
        bins.add(binned(slot(make_samples, rows)))
    assert len(bins.sums) == before
    assert sum(sums[0] for sums in bins.sums.values()) == 21_000
