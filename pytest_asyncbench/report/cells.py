"""A value as it stands in a table."""

from __future__ import annotations

from pytest_asyncbench.errors import UnknownValue
from pytest_asyncbench.measure.run import VariantRun
from pytest_asyncbench.measure.steps import StepRun

UNKNOWN = "-"


def cell(run: VariantRun | StepRun, name: str) -> str:
    """A value as it stands in a table: with its interval for rps, "-" where it is unknown."""
    try:
        measure = run.measure(name)
    except UnknownValue:
        return UNKNOWN
    return str(measure) if name == "rps" else measure.metric.show(measure.value)
