"""When the requests of an open loop start: planned ahead, whatever the server does."""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, count, islice, repeat

from pytest_asyncbench.traffic.plan import LONGEST_WINDOW, SHORTEST_SETTLE, OpenSlot

STEP = 0.02
"""Seconds by which `measure` is made longer while too few random starts lie in it."""


@dataclass(frozen=True, slots=True)
class Starts:
    """`measure` lasts from `opens` to `closes`; `planned` are the starts before `closes`, `later` goes on from there
    for ever; all in seconds from the beginning of `settle`. `measured` is the number of starts in `measure`."""

    opens: float
    closes: float
    planned: tuple[float, ...]
    later: Iterator[float]

    @property
    def measured(self) -> int:
        """How many starts lie in `measure`."""
        return len(self.planned) - bisect_left(self.planned, self.opens)


def starts_of(plan: OpenSlot) -> Starts:
    """The starts of a slot.

    Several agents plan all of them alike, and each makes its own part. With constant arrivals `settle` and `measure`
    are whole numbers of intervals, so the number of starts in `measure` is exactly the rate times its length.
    `measure` is made longer for `plan.least` starts, up to 5 s, and for one.
    """
    settle = max(SHORTEST_SETTLE, plan.latency)
    whole = _poisson(plan, settle) if plan.arrivals == "poisson" else _constant(plan, settle)
    return whole if plan.parts == 1 else _part(whole, plan.part, plan.parts)


def _part(whole: Starts, part: int, parts: int) -> Starts:
    """Every `parts`-th start, from number `part` on."""
    later = islice(whole.later, (part - len(whole.planned)) % parts, None, parts)
    return Starts(whole.opens, whole.closes, whole.planned[part::parts], later)


def _constant(plan: OpenSlot, settle: float) -> Starts:
    opens = _whole(settle, plan.rate)
    closes = opens + _whole(max(plan.window, min(LONGEST_WINDOW, plan.least / plan.rate)), plan.rate)
    times = ((number + 0.5) / plan.rate for number in count())
    return _split(times, opens, closes)


def _poisson(plan: OpenSlot, opens: float) -> Starts:
    coin = random.Random(plan.seed)
    times = accumulate(coin.expovariate(plan.rate) for _ in repeat(None))
    starts = _split(times, opens, opens + plan.window)
    while not starts.measured or (
        starts.measured < plan.least and starts.closes - starts.opens < LONGEST_WINDOW
    ):
        starts = _longer(starts)
    return starts


def _split(times: Iterator[float], opens: float, closes: float) -> Starts:
    planned: list[float] = []
    for time in times:
        if time >= closes:
            return Starts(opens, closes, tuple(planned), _again(time, times))
        planned.append(time)
    raise AssertionError("starts have no end")


def _longer(starts: Starts) -> Starts:
    more = _split(starts.later, starts.opens, starts.closes + STEP)
    return Starts(starts.opens, more.closes, starts.planned + more.planned, more.later)


def _again(first: float, others: Iterator[float]) -> Iterator[float]:
    yield first
    yield from others


def _whole(seconds: float, rate: float) -> float:
    """The time, made longer to a whole number of intervals; at least one."""
    return max(1, math.ceil(round(seconds * rate, 6))) / rate
