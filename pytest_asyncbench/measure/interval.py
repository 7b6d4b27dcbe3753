"""The interval of a value from round to round, for showing and comparing; same constants as the rule."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.estimate import estimate_values
from pytest_asyncbench.verdict.giving_up import evidence, rounds_needed
from pytest_asyncbench.verdict.signed_rank import tail, walsh_averages


@dataclass(frozen=True, slots=True)
class Interval:
    """A centre between its bounds; bounds of 0 and inf mean that there are too few rounds for an interval."""

    centre: float
    low: float
    high: float


def interval(values: Sequence[float], effort: Effort) -> Interval:
    """Median Walsh average of the values (in logarithms) and its interval.

    Where not all are positive and finite the centre is their median, and there is no interval.
    """
    if any(not 0 < value < math.inf for value in values):
        return Interval(median(values), 0.0, math.inf)
    found = estimate_values(values, effort=effort)
    if found.low is None or found.high is None:
        return Interval(found.value, 0.0, math.inf)
    return Interval(found.value, found.low, found.high)


def needed_rounds(ratios: Sequence[float], effort: Effort) -> int | None:
    """About how many rounds would tell these ratios from 1 in four runs out of five, were they what they seem; None:
    no reasonable number."""
    if not all(0 < ratio < math.inf for ratio in ratios):
        return None
    cap, k = effort.looks[-1]
    z = evidence(walsh_averages([math.log(ratio) for ratio in ratios]), 0.0, len(ratios))
    return rounds_needed(z, len(ratios), cap, tail(cap, k))
