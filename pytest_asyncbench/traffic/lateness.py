"""Did an open loop's requests start on time? Where they did not, it is the generator that was measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

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
    limit = limit_of(slots)
    late = sum(delay > limit for delay in delays)
    if late <= max(FEW, LATE_SHARE * len(delays)):
        return ()
    p99 = sorted(delays)[math.ceil(round(len(delays) * (1 - LATE_SHARE), 6)) - 1]
    return (f"send_delay has a p99 of {show_seconds(p99)}, {_blame(limit, len(delays))}",)


def late_on_average(slots: Sequence[SlotResult]) -> tuple[str, ...]:
    """In words, that the mean of `send_delay` is too long; for all slots of a run, since one may have a bad moment."""
    delays = _delays(slots)
    limit = limit_of(slots)
    mean = math.fsum(delays) / max(1, len(delays))
    return (f"send_delay has a mean of {show_seconds(mean)}, {_blame(limit, len(delays))}",) * (mean > limit)


def limit_of(slots: Sequence[SlotResult]) -> float:
    """How late a start may be, in seconds: max(1 ms, 5 % of the median latency)."""
    answered = [
        latency
        for slot in slots
        for latency, outcome in zip(slot.latency, slot.outcome, strict=True)
        if outcome == _OK
    ]
    return max(LEAST, SHARE_OF_LATENCY * median(answered)) if answered else LEAST


def _delays(slots: Sequence[SlotResult]) -> list[float]:
    return [delay for slot in slots for delay in slot.send_delay]


def _blame(limit: float, count: int) -> str:
    return (
        f"more than {show_seconds(limit)}, over {count} starts: the load agent did not keep up with the rate"
    )
