"""When more rounds would hardly decide: a rule that can only turn a late INCONCLUSIVE into an early one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import ceil, erfc, sqrt

LIKELY = 1.645  # 95 %: give up where fewer than one run in twenty would still decide
CHANCE = 0.842  # 80 %: the rounds named in the report decide in four runs out of five
MOST_NAMED = 10_000


@lru_cache(maxsize=128)
def normal_quantile(upper_tail: float) -> float:
    """The z that a standard normal value exceeds with this probability (0 < `upper_tail` < 1)."""
    low, high = -40.0, 40.0
    for _ in range(80):
        z = (low + high) / 2
        low, high = (z, high) if erfc(z / sqrt(2)) / 2 > upper_tail else (low, z)
    return (low + high) / 2


def evidence(averages: Sequence[float], margin: float, rounds: int) -> float:
    """The signed-rank z against `margin`: positive where most Walsh averages lie above it."""
    above = sum(w > margin for w in averages)
    below = sum(w < margin for w in averages)
    return (above - below) / sqrt(rounds * (rounds + 1) * (2 * rounds + 1) / 6)


def hopeless(z: float, rounds: int, cap: int, last_tail: float) -> bool:
    """Whether a z of this size would hardly reach the last look's threshold.

    By the path of z sqrt(t), which drifts and wanders like a Brownian motion in t = rounds/cap: Lan, Simon
    and Halperin (1982), with the effect as seen so far.
    """
    t = rounds / cap
    return abs(z) < sqrt(t) * (normal_quantile(last_tail) - LIKELY * sqrt(1 - t))


def rounds_needed(z: float, rounds: int, cap: int, last_tail: float) -> int | None:
    """About how many rounds would decide in 80 % of runs, were the effect what it seems; None: too many."""
    if z == 0:
        return None
    estimate = rounds * ((normal_quantile(last_tail) + CHANCE) / z) ** 2
    return max(ceil(estimate), cap + 1) if estimate <= MOST_NAMED else None
