"""Did an open loop's requests start on time? Where they did not, it is the generator that was measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from pytest_asyncbench.traffic.outcomes import OK, OUTCOMES
from pytest_asyncbench.traffic.samples import SlotResult
from pytest_asyncbench.units import show_seconds

LEAST = 0.001
SHARE_OF_LATENCY = 0.05
"""A start may be late by 1 ms or 5 % of the median latency, whichever is longer."""
LATE_SHARE = 0.01
FEW = 10
"""So many late starts say nothing yet: a p99 is known from 1000 starts up, and lies below its ten largest there."""

_OK = OUTCOMES.index(OK)


def late_starts(slots: Sequence[SlotResult]) -> tuple[str, ...]:
    """In words, that the 99th percentile of `send_delay` is too long; empty if it is not, or cannot be known yet."""
    delays = _delays(slots)
    total = sum(number for _, number in delays)
    limit = limit_of(slots)
    late = sum(number for delay, number in delays if delay > limit)
    if late <= max(FEW, LATE_SHARE * total):
        return ()
    p99 = _at_rank(delays, math.ceil(round(total * (1 - LATE_SHARE), 6)))
    return (f"send_delay has a p99 of {show_seconds(p99)}, {_blame(limit, total)}",)


def late_on_average(slots: Sequence[SlotResult]) -> tuple[str, ...]:
    """In words, that the mean of `send_delay` is too long; for all slots of a run, since one may have a bad moment."""
    delays = _delays(slots)
    total = sum(number for _, number in delays)
    limit = limit_of(slots)
    mean = math.fsum(delay * number for delay, number in delays) / max(1, total)
    return (f"send_delay has a mean of {show_seconds(mean)}, {_blame(limit, total)}",) * (mean > limit)


def limit_of(slots: Sequence[SlotResult]) -> float:
    """How late a start may be, in seconds: max(1 ms, 5 % of the median latency)."""
    answered = [
        (latency, number)
        for slot in slots
        for latency, outcome, number in zip(slot.latency, slot.outcome, slot.counted(), strict=True)
        if outcome == _OK
    ]
    total = sum(number for _, number in answered)
    return max(LEAST, SHARE_OF_LATENCY * _median(answered, total)) if answered else LEAST


LATEST_START = 0.5
"""Share of a window (of one second at least) by which an agent may begin later than the start signal says."""


def late_to_start(result: SlotResult, at: float) -> SlotResult:
    """The result of one of several agents, with a complaint if it began so long after `at` that the others measured
    without it."""
    late = result.started - at
    limit = LATEST_START * max(1.0, result.window)
    if late <= limit:
        return result
    seen = f"it began {show_seconds(late)} after the start signal, more than {show_seconds(limit)}"
    text = f"{seen}: the others measured without it"
    return replace(result, complaints=(*result.complaints, text))


def _delays(slots: Sequence[SlotResult]) -> list[tuple[float, int]]:
    """Each delay, and how many starts had it."""
    return [
        pair
        for slot in slots
        if slot.send_delay
        for pair in zip(slot.send_delay, slot.counted(), strict=True)
    ]


def _median(values: Sequence[tuple[float, int]], total: int) -> float:
    return (_at_rank(values, (total + 1) // 2) + _at_rank(values, total // 2 + 1)) / 2


def _at_rank(values: Sequence[tuple[float, int]], rank: int) -> float:
    """The value at a rank, counted from 1, of values that are there so many times."""
    for value, number in sorted(values):
        rank -= number
        if rank <= 0:
            return value
    raise ValueError("there are fewer values than that")


def _blame(limit: float, count: int) -> str:
    return (
        f"more than {show_seconds(limit)}, over {count} starts: the load agent did not keep up with the rate"
    )
