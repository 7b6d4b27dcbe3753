"""Units that suit the numbers, and the percentile axis."""

from __future__ import annotations

import math
from collections.abc import Sequence

TIMES = ((1.0, 1.0, "s"), (1e-3, 1e3, "ms"), (0.0, 1e6, "us"))
PERCENTILES = (0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999)


def scale_of(values: Sequence[float], unit: str) -> tuple[float, str]:
    """By what to multiply values, and their unit then."""
    largest = max((abs(value) for value in values), default=0.0)
    if unit == "s":
        return next((factor, name) for least, factor, name in TIMES if largest >= least)
    return (1e-6, "MB") if unit == "B" else (1.0, "per second" if unit == "1/s" else unit)


def nines(share: float, count: int) -> float:
    """Where a share is on the percentile axis: 0.9 at 1, 0.99 at 2; the slowest of `count` at its own share."""
    return -math.log10(max(1 - share, 0.5 / max(count, 1)))


def percentile_ticks(furthest: float) -> tuple[list[float], list[str]]:
    """Ticks of the percentile axis up to `furthest`."""
    shares = [share for share in PERCENTILES if -math.log10(1 - share) <= furthest + 1e-9]
    return [-math.log10(1 - share) for share in shares], [f"{100 * share:.6g}" for share in shares]
