"""Kinds of noise of slots that follow each other, of standard deviation 1: what the rule and races are tried on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate, islice, repeat
from math import sqrt
from random import Random

WARM = 50
"""Steps after which an autoregressive noise has forgotten its beginning."""
Noise = Callable[[Random], Iterator[float]]


def plain(random: Random) -> Iterator[float]:
    """Independent and normal."""
    while True:
        yield random.gauss(0, 1)


def autoregressive(random: Random) -> Iterator[float]:
    """A machine whose speed wanders: each slot keeps 0.8 of the deviation of the one before."""
    steps = (random.gauss(0, 0.6) for _ in repeat(None))
    return islice(accumulate(steps, lambda level, step: 0.8 * level + step), WARM, None)


def outliers(random: Random) -> Iterator[float]:
    """One slot in twenty is slowed down, by five deviations on average."""
    while True:
        slowed = random.expovariate(1 / 5) if random.random() < 0.05 else 0.0
        yield random.gauss(0, 1) - slowed


def heavy_tails(random: Random) -> Iterator[float]:
    """Student's t with three degrees of freedom, of deviation 1."""
    while True:
        yield random.gauss(0, 1) / sqrt(2 * random.gammavariate(1.5, 1))
