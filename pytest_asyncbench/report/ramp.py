"""A ramp as text: a row for each plateau, with the knee, the limit of the budgets and the cliff marked."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from pytest_asyncbench.measure.failures import describe_failures
from pytest_asyncbench.measure.ramp_run import Ramp, RampValue
from pytest_asyncbench.measure.run import Run
from pytest_asyncbench.report.cells import cell
from pytest_asyncbench.report.limiters import limiter_lines
from pytest_asyncbench.report.table import table

COLUMNS = ("rps", "mean", "p50", "p95", "p99", "errors", "cpu_per_request")
HEADINGS = ("rps", "mean", "p50", "p95", "p99", "errors", "CPU/request", "")
NAMES = ("knee", "slo_limit", "cliff")


def ramp_lines(ramp: Ramp, judged: Sequence[str] = ()) -> list[str]:
    """What was sent, the plateaus, what was found, the statements (`judged`) and the notes."""
    lines = [_heading(ramp)]
    if ramp.steps:
        rows = [
            [f"{load:g}", *(cell(run[run.variants[0]], name) for name in COLUMNS), _marks(ramp, load)]
            for load, run in zip(ramp.loads, ramp.steps, strict=True)
        ]
        lines += table((ramp.unit, *HEADINGS), rows, left=0)
    lines += [f"  {name}: {_found(ramp, name)}" for name in NAMES if name != "slo_limit" or ramp.budgets]
    lines += [*_limiter(ramp), *judged, *(f"  note: {note}" for note in ramp.notes)]
    if ramp.steps and any(ascent.at_cliff for ascent in ramp.ascents):
        lines.append(f"  at {ramp.plan.told(ramp.loads[-1])}, {_failures(ramp.steps[-1])}")
    return lines


def _heading(ramp: Ramp) -> str:
    first = ramp.plan.first
    think = f", {first.think_time:g} s think time" if first.think_time else ""
    server = f" on {ramp.steps[0][ramp.steps[0].variants[0]].spec.program}" if ramp.steps else ""
    ends = f"{ramp.plan.loads[0]:g} to {ramp.plan.told(ramp.plan.loads[-1])}"
    return f"{ramp.name}: ramp from {ends}, {first.duration:g} s each{think}{server}"


def _found(ramp: Ramp, name: str) -> str:
    value = ramp.find(name)
    if name != "knee" or not isinstance(value, RampValue):
        return str(value)
    shape = "sees no knee" if value.kneedle is None else f"{value.kneedle:g}"
    how = "X_max (R_min + Z)" if ramp.plan.by == "users" else "X_max, the highest pace of answers"
    return f"{value} = {how}; Kneedle {shape}"


def _limiter(ramp: Ramp) -> list[str]:
    """What the highest load was limited by."""
    return limiter_lines(ramp.steps[-1], f"at {ramp.plan.told(ramp.loads[-1])}") if ramp.steps else []


def _failures(run: Run) -> str:
    name = run.variants[0]
    if run[name].outcomes:
        return describe_failures(run.evidence, name)
    return f"{name}: no user could send anything in the measured time; all were waiting for answers"


def _marks(ramp: Ramp, load: float) -> str:
    """Which of the values found belong to a row: the knee to the plateau that is nearest by ratio."""
    at = {name: min(ramp.loads, key=_distance(value.value)) for name, value in ramp.known().items()}
    marks = [name for name, where in at.items() if where == load]
    return "<- " + ", ".join(marks) if marks else ""


def _distance(value: float) -> Callable[[float], float]:
    return lambda load: abs(math.log(load / value))
