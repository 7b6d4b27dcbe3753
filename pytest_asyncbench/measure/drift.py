"""Does the ratio of two variants change from the first round to the last? Worth knowing; never judged. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from pytest_asyncbench.errors import AsyncBenchError
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.metrics import metric

FEWEST = 12
"""Rounds below which a trend is hardly ever one."""
RARE = 2.58
"""The z that no trend at all exceeds in one of a hundred runs."""


def drift_notes(evidence: Evidence, name: str = "rps") -> list[str]:
    """A note for each pair of neighbours whose ratio drifts."""
    read = metric(name).read
    notes = []
    for a, b in pairwise(evidence.variants):
        pairs = zip(evidence.data(a), evidence.data(b), strict=False)
        try:
            ratios = [read(above) / read(below) for above, below in pairs]
        except (AsyncBenchError, ZeroDivisionError):
            continue
        if drifts(ratios):
            early, late = ratios[: len(ratios) // 2], ratios[len(ratios) // 2 :]
            notes.append(
                f"the effect drifts: {name} {a} / {b} was {median(early):.3g} in the first half of the rounds and "
                f"{median(late):.3g} in the second; caches, growing tables or a longer warm-up may be behind it"
            )
    return notes


def drifts(values: Sequence[float]) -> bool:
    """Whether later values are larger, or smaller, than earlier ones more often than by chance (Mann, 1945)."""
    n = len(values)
    if n < FEWEST or any(not math.isfinite(value) for value in values):
        return False
    rises = sum((b > a) - (b < a) for i, a in enumerate(values) for b in values[i + 1 :])
    return abs(rises) - 1 > RARE * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
