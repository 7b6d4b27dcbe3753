"""A measured value as a report has it."""

from __future__ import annotations

import math

from pytest_asyncbench.measure.value import Measure
from pytest_asyncbench.report.document import Figure

FAILED = "too many requests were not ok: they count as infinitely slow"


def figure_of(found: Measure) -> Figure:
    """A value with its interval, if it has one."""
    why = "" if math.isfinite(found.value) else FAILED
    low, high = _interval(found)
    return Figure(_finite(found.value), low, high, found.unit, str(found), why)


def _interval(found: Measure) -> tuple[float | None, float | None]:
    """The bounds of an interval; both None where there is none."""
    if (found.low, found.high) == (0.0, math.inf):
        return None, None
    return _finite(found.low), _finite(found.high)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
