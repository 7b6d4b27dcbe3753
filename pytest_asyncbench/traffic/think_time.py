"""How long a user of a closed loop thinks between an answer and its next request."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.units import seconds

RARE = 10.0
"""Means that an exponential time is allowed for in limits; one in 22,000 is longer."""


@dataclass(frozen=True, slots=True)
class Between:
    """Uniform between two times, in seconds."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g} s"


@dataclass(frozen=True, slots=True)
class Exponential:
    """Exponential with this mean in seconds: many short pauses, a few long ones, as of many independent people."""

    mean: float

    def __str__(self) -> str:
        return f"exponential {self.mean:g} s"


ThinkTime: TypeAlias = float | Between | Exponential


def exponential(mean: float | str) -> Exponential:
    """A think time drawn from the exponential distribution: `think_time=exponential("1s")`.

    `mean` is seconds or a string such as "250ms". Raises SpecError for no time, or zero.
    """
    time = seconds(mean, "exponential")
    if not time:
        raise SpecError(f"exponential({mean!r}): the mean must be longer than zero")
    return Exponential(time)


def think_time(value: object, what: str) -> ThinkTime:
    """A think time as people write it: a time, `(low, high)`, or `exponential(mean)`. Raises SpecError."""
    if isinstance(value, Between | Exponential):
        return value
    if not isinstance(value, tuple | list):
        return seconds(value, what)
    if len(value) != 2:
        raise SpecError(f"{what}={value!r}: write (low, high) for a time drawn between two")
    low, high = (seconds(time, what) for time in value)
    if low > high:
        raise SpecError(f"{what}={value!r}: the shorter time comes first")
    return Between(low, high)


def mean_of(think: ThinkTime) -> float:
    """The mean in seconds."""
    if isinstance(think, Between):
        return (think.low + think.high) / 2
    return think.mean if isinstance(think, Exponential) else think


def longest_of(think: ThinkTime) -> float:
    """Seconds that are hardly ever exceeded."""
    if isinstance(think, Between):
        return think.high
    return RARE * think.mean if isinstance(think, Exponential) else think


def thinker(think: ThinkTime, seed: str) -> Callable[[], float]:
    """Gives one user's times, one after another; the same seed gives the same ones."""
    if isinstance(think, Between):
        return partial(random.Random(seed).uniform, think.low, think.high)
    if isinstance(think, Exponential):
        return partial(random.Random(seed).expovariate, 1 / think.mean)
    return lambda: think
