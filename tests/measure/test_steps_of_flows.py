"""Requests of flows, by name."""

from __future__ import annotations

from array import array
from dataclasses import replace

import pytest

from pytest_asyncbench.errors import UnknownValue
from pytest_asyncbench.measure.run import Run
from pytest_asyncbench.measure.steps import of_flow, step_evidence
from pytest_asyncbench.metrics import metric
from pytest_asyncbench.traffic.samples import StepSamples
from pytest_asyncbench.verdict.effort import Effort


def step(latencies, failed=0):
    outcome = bytes([0] * (len(latencies) - failed) + [1] * failed)
    totals = {"ok": len(latencies) - failed + 1, "bad_status": failed}
    return StepSamples(array("f", [0.0] * len(latencies)), array("d", latencies), outcome, totals)


@pytest.fixture
def evidence(make_evidence):
    """Eight rounds of two variants; in those of `a`, 20 quick and 10 slow requests in half a second."""
    plain = make_evidence({"a": [60.0] * 8, "b": [60.0] * 8})
    steps = {"GET /quick": step([0.001] * 20), "GET /slow": step([0.5] * 10, failed=1)}
    rounds = tuple(
        tuple(
            replace(slot, samples=replace(slot.samples, steps=steps if slot.variant == "a" else {}))
            for slot in slots
        )
        for slots in plain.rounds
    )
    return replace(plain, rounds=rounds)


def test_steps_have_every_metric_that_is_known_of_them(evidence):
    steps = Run(evidence, effort=Effort(), ok={"a": 1, "b": 1})["a"].steps
    assert list(steps) == ["GET /quick", "GET /slow"]
    quick, slow = steps["GET /quick"], steps["GET /slow"]
    assert quick.p50.value == pytest.approx(quick.max.value) == 0.001
    assert quick.rps.value == pytest.approx(40)
    assert slow.rps.value == pytest.approx(18)  # nine of ten, in half a second
    assert slow.errors == 0.1
    assert slow.outcomes == {"ok": 72, "bad_status": 8}
    with pytest.raises(UnknownValue, match="cpu_per_request"):
        _ = quick.cpu_per_request
    assert slow.rps < quick.rps


def test_a_step_that_does_not_occur(evidence):
    nothing = step_evidence(evidence, "a", "GET /never")
    assert list(Run(evidence, effort=Effort(), ok={"a": 1, "b": 1})["b"].steps) == []
    assert [len(slots) for slots in nothing.rounds] == [1] * 8
    with pytest.raises(UnknownValue, match="not a single request was sent"):
        metric("rps").read(nothing.slots("a"))


def test_of_no_requests_there_is_nothing(make_samples):
    seen = of_flow(make_samples(), step([]))
    assert len(seen.latency) == len(seen.cycle) == len(seen.outcome) == 0
