"""Kneedle: where a curve that rises and flattens bends most. Pure.

V. Satopaa, J. Albrecht, D. Irwin, B. Raghavan: "Finding a 'Kneedle' in a Haystack: Detecting Knee Points in System
Behavior", 31st International Conference on Distributed Computing Systems Workshops (2011), section III, for a
concave, increasing curve. Its first step, a smoothing spline, is left out: a ramp has few points, each of them a mean
over many requests already.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean

SENSITIVITY = 1.0
"""The paper's S: how many mean steps the curve must have come nearer to the diagonal before a knee is declared."""


def kneedle(xs: Sequence[float], ys: Sequence[float], sensitivity: float = SENSITIVITY) -> float | None:
    """The x of the most pronounced knee of the curve through (xs, ys), xs ascending; None where it has none.

    The answer is one of `xs`: the curve is known nowhere else.
    """
    if len(xs) < 3 or not min(ys) < max(ys):
        return None
    normal_x, normal_y = _to_unit(xs), _to_unit(ys)
    differences = [y - x for x, y in zip(normal_x, normal_y, strict=True)]
    step = sensitivity * fmean(b - a for a, b in pairwise(normal_x))
    peaks = [i for i in range(1, len(xs) - 1) if _is_peak(differences, i)]
    ends = [*peaks[1:], len(xs)][: len(peaks)]
    knees = [
        peak
        for peak, end in zip(peaks, ends, strict=True)
        if min(differences[peak + 1 : end], default=1.0) < differences[peak] - step
    ]
    return xs[max(knees, key=differences.__getitem__)] if knees else None


def _to_unit(values: Sequence[float]) -> list[float]:
    low, high = min(values), max(values)
    return [(value - low) / (high - low) for value in values]


def _is_peak(values: Sequence[float], index: int) -> bool:
    """A local maximum above the diagonal; of a level stretch the first point."""
    return values[index] > max(0.0, values[index - 1]) and values[index] >= values[index + 1]
