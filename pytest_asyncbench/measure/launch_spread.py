"""How far launches of one server differ, with the noise within a launch taken out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean


@dataclass(frozen=True, slots=True)
class Spread:
    """Standard deviations of logarithms: `between` launches, and `within` one of them from round to round."""

    between: float
    within: float
    launches: int


def spread(launches: Sequence[Sequence[float]]) -> Spread:
    """The spread of some launches, each given by the logarithms of its rounds.

    The analysis of variance with one random effect: the mean square between launches holds that within, once, and
    n times the variance between. What is left below zero is none. Raises ValueError for fewer than two launches, or
    a launch with fewer than two rounds.
    """
    sizes = [len(rounds) for rounds in launches]
    if len(sizes) < 2 or min(sizes) < 2:
        raise ValueError(f"rounds of the launches {sizes}: a spread takes two launches of two rounds each")
    means = [fmean(rounds) for rounds in launches]
    total = sum(sizes)
    centre = sum(size * mean for size, mean in zip(sizes, means, strict=True)) / total
    around = sum((d - mean) ** 2 for rounds, mean in zip(launches, means, strict=True) for d in rounds)
    within = around / (total - len(sizes))
    apart = sum(size * (mean - centre) ** 2 for size, mean in zip(sizes, means, strict=True)) / (
        len(sizes) - 1
    )
    typical = (total - sum(size**2 for size in sizes) / total) / (len(sizes) - 1)
    return Spread(sqrt(max(0.0, apart - within) / typical), sqrt(within), len(sizes))
