"""What a load call returns."""

from __future__ import annotations

import math

import pytest

from pytest_asyncbench.errors import Inconclusive, SpecError, UnknownValue
from pytest_asyncbench.measure.run import Run
from pytest_asyncbench.metrics import METRICS
from pytest_asyncbench.verdict.effort import Effort

SWING = [100.0, 101, 99, 102, 98, 100, 101, 99]


@pytest.fixture(scope="module")
def run_of(make_evidence):
    """Makes the run of some rates."""

    def made(rates, **words):
        evidence = make_evidence(rates, **words)
        return Run(evidence, effort=Effort(0.95, 12), ok=dict.fromkeys(rates, 7))

    return made


def test_one_server_has_its_values_on_the_run(run_of):
    run = run_of({"server": SWING}, slots={"server": {"users": 4}})
    assert run.name == "GET /"
    assert float(run.rps) == pytest.approx(100, rel=0.01)
    assert float(run.mean) == float(run.p50) == pytest.approx(0.04, rel=0.02)
    assert float(run.min) == pytest.approx(4 / 102)
    assert float(run.max) == pytest.approx(4 / 98)
    assert run.errors == 0
    assert (run.ok, run.outcomes["ok"], run.outcomes["reset"]) == (7, 8 * 300, 0)
    assert run.variants == tuple(run) == ("server",)
    assert repr(run) == "<Run 'GET /' of server: 8 rounds>"
    assert {"rps", "p95", "ok"} <= set(dir(run)) & set(dir(run["server"]))


def test_several_variants_are_asked_by_name(run_of):
    run = run_of({"a": SWING, "b": [rate / 2 for rate in SWING]})
    assert run["a"].rps > 1.5 * run["b"].rps
    assert run["a"].p95 < run["b"].p95
    ratio = run.ratio("a", "b")
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx((2, 2, 2))
    assert ratio > 1.5
    assert ratio.unit == ""
    assert str(run.ratio("b", "a", "mean")) == "2.00"
    for use in (lambda: run.rps, lambda: run.ok, lambda: run.outcomes):
        with pytest.raises(UnknownValue, match=r"there are several variants; write run\['a'\]\."):
            use()


def test_names_that_do_not_exist(run_of):
    run = run_of({"a": SWING})
    with pytest.raises(KeyError, match="no variant 'z'; there are a"):
        run["z"]
    for asked in (run, run["a"]):
        with pytest.raises(AttributeError, match="a run has no metric 'speed'; it has rps, mean"):
            _ = asked.speed
    with pytest.raises(SpecError, match="no metric 'speed'"):
        run.ratio("a", "a", "speed")
    assert not hasattr(run, "_private")


def test_two_load_calls_cannot_be_compared(run_of):
    with pytest.raises(TypeError, match="two load calls"):
        _ = run_of({"a": SWING}).rps > run_of({"a": SWING}).rps


def test_errors_are_pooled_over_all_rounds(run_of):
    run = run_of({"a": SWING}, slots={"a": {"failed": 3}})
    assert run.errors == pytest.approx(0.01)
    assert run.outcomes == {"ok": 8 * 297, "bad_status": 8 * 3}
    assert len(run.errors.data) == 1


def test_a_percentile_without_enough_answers_is_refused(run_of):
    few = run_of({"a": SWING}, slots={"a": {"count": 10}})
    with pytest.raises(UnknownValue, match="p95 needs 200 requests, and there are 80"):
        _ = few.p95
    assert float(few.rps) == pytest.approx(100, rel=0.01)


def test_slots_too_short_for_a_percentile_have_one_together_without_an_interval(run_of):
    run = run_of({"a": SWING}, slots={"a": {"count": 100}})
    assert len(run.p95.data) == 1
    assert (run.p95.low, run.p95.high) == (0, math.inf)
    with pytest.raises(Inconclusive):
        bool(run.p95 < 1)


def test_too_few_rounds_for_one_merged_value(run_of):
    run = run_of({"a": [100.0, 100]}, merged=3)
    assert float(run.p95) == pytest.approx(0.01)
    assert (run.p95.low, run.p95.high) == (0, math.inf)


def test_without_a_round_nothing_is_known(run_of):
    run = run_of({"a": []})
    for name in METRICS:
        with pytest.raises(UnknownValue, match=f"{name} of a: nothing was measured"):
            run["a"].measure(name)


def test_what_cannot_be_read_is_unknown(run_of):
    with pytest.raises(
        UnknownValue, match="cpu_per_request: the CPU time of this server's processes cannot be read"
    ):
        _ = run_of({"a": SWING}).cpu_per_request
