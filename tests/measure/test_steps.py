"""The figures of single requests are parts of the whole."""

from __future__ import annotations

from array import array
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.errors import SpecError, UnknownValue
from pytest_asyncbench.measure import percentiles
from pytest_asyncbench.measure.run import Run
from pytest_asyncbench.measure.slot import Slot
from pytest_asyncbench.measure.steps import step_names, step_samples
from pytest_asyncbench.verdict.effort import Effort

NAMES = ("a", "b", "a", "c")
"""The first and the third request have one name, and are merged."""
REQUESTS = st.lists(
    st.tuples(st.integers(0, 3), st.floats(0.001, 2.0), st.sampled_from([0, 0, 0, 1])),
    min_size=1,
    max_size=40,
)


def mixed(samples, requests):
    cycle = array("f", [cycle for _, cycle, _ in requests])
    return replace(
        samples,
        users=3,
        sent=array("f", [0.0] * len(requests)),
        latency=array("d", cycle),
        cycle=cycle,
        outcome=bytes(outcome for _, _, outcome in requests),
        request=array("I", [index for index, _, _ in requests]),
        names=NAMES,
    )


@given(REQUESTS)
def test_steps_add_up_to_the_whole(make_samples, requests):
    whole = mixed(make_samples(), requests)
    steps = [step for name in step_names([whole]) if (step := step_samples(whole, name)).outcome]
    assert sum(len(step.outcome) for step in steps) == len(whole.outcome)
    assert sum(step.users for step in steps) == pytest.approx(whole.users)
    assert sum(percentiles.rps([step]) for step in steps) == pytest.approx(percentiles.rps([whole]))
    assert sum(percentiles.failures([step]) for step in steps) == percentiles.failures([whole])
    assert sorted(value for step in steps for value in step.latency) == sorted(whole.latency)


@given(REQUESTS)
def test_a_step_holds_its_own(make_samples, requests):
    whole = mixed(make_samples(), requests)
    for name in ("a", "b", "c"):
        wanted = [cycle for index, cycle, _ in requests if NAMES[index] == name]
        assert list(step_samples(whole, name).latency) == list(array("f", wanted))


def test_one_request_has_one_step(make_samples):
    whole = replace(make_samples(), names=("GET /",))
    step = step_samples(whole, "GET /")
    assert (len(step.outcome), step.users) == (300, 1)


@pytest.fixture
def run(make_samples, make_evidence):
    requests = [(i % 4, 0.01 * (i % 4 + 1), 0) for i in range(400)]
    evidence = make_evidence({"x": [100.0] * 8, "y": [100.0] * 8})
    slots = tuple(
        tuple(Slot(slot.variant, slot.round, mixed(slot.samples, requests), 1.0, 1.0) for slot in row)
        for row in evidence.rounds
    )
    return Run(replace(evidence, rounds=slots), effort=Effort(0.95, 12), ok={"x": 1, "y": 1})


def test_steps_of_a_run(run):
    steps = run["x"].steps
    assert list(steps) == ["a", "b", "c"]
    assert len(steps) == 3
    assert "a" in steps
    assert "d" not in steps
    assert float(steps["b"].p50) == pytest.approx(0.02)
    assert float(steps["a"].mean) == pytest.approx(0.02)
    assert steps["c"].errors == 0
    assert steps["a"].outcomes == {"ok": 8 * 200}
    assert repr(steps["a"]) == "<step 'a' of x>"
    assert {"p95", "rps"} <= set(dir(steps["a"]))
    assert steps["b"].p50 < 2 * run["y"].steps["c"].p50


def test_what_a_step_has_not(run):
    with pytest.raises(SpecError, match="no step 'd'; there are 'a', 'b', 'c'"):
        run["x"].steps["d"]
    with pytest.raises(UnknownValue, match=r"there are several variants; write run\['x'\]\.steps"):
        _ = run.steps
    with pytest.raises(UnknownValue, match="cpu_per_request: a server has it as a whole, not for 'a'"):
        _ = run["x"].steps["a"].cpu_per_request
    with pytest.raises(AttributeError, match="a step has no metric 'speed'"):
        _ = run["x"].steps["a"].speed
