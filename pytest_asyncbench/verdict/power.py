"""How large a difference must be for the rule to find it: by simulated rounds, the same each time."""

from __future__ import annotations

from functools import lru_cache
from math import exp
from random import Random

from pytest_asyncbench.verdict.decision import Band, decide
from pytest_asyncbench.verdict.effort import Effort

RUNS = 200
OFTEN = 0.8
"""Share of runs that find it."""
LARGEST = 8.0
STEPS = 8


def smallest_found(noise: float, rounds: int, effort: Effort) -> float:
    """The ratio of two variants that four runs out of five find within so many rounds.

    `noise` is the standard deviation of the rounds' log ratios; the claim is "better at all" (a margin of 1).
    """
    return exp(noise * deviations_found(rounds, effort))


@lru_cache(maxsize=32)
def deviations_found(rounds: int, effort: Effort) -> float:
    """The same in standard deviations, for normal noise."""
    random = Random(f"power {rounds}")
    runs = [[random.gauss(0, 1) for _ in range(rounds)] for _ in range(RUNS)]
    low, high = 0.0, LARGEST
    for _ in range(STEPS):
        middle = (low + high) / 2
        found = sum(_passes([d + middle for d in run], effort) for run in runs)
        low, high = (low, middle) if found >= OFTEN * RUNS else (middle, high)
    return high


def _passes(values: list[float], effort: Effort) -> bool:
    finding = decide(values, Band(lower=0.0), effort)
    return finding is not None and finding.outcome == "PASS"
