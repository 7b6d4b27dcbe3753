"""What happened inside of a slot, step by step: for pictures, never judged."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pytest_asyncbench.traffic.outcomes import OK, OUTCOMES
from pytest_asyncbench.traffic.samples import SlotResult

STEP = 0.1
"""Seconds."""

_OK = OUTCOMES.index(OK)


@dataclass(frozen=True, slots=True)
class Moment:
    """The requests that were sent in one step: how many, what became of them, whenever they ended, and the mean
    latency in seconds of those answered ok (None if there are none).

    `at` is the step's beginning, in seconds from the opening of `measure`. In an open loop a request counts where it
    should have been sent. What is not ok has failed, so sent = ok + failed.
    """

    at: float
    sent: int
    ok: int
    failed: int
    latency: float | None


def series(result: SlotResult, step: float = STEP) -> tuple[Moment, ...]:
    """One slot's `measure` in steps of equal length; the last one may be shorter. Steps without requests are there."""
    count = max(1, math.ceil(round(result.window / step, 6)))
    latencies = [0.0] * count
    sent = [0] * count
    ok = [0] * count
    rows = zip(result.sent, result.latency, result.outcome, result.counted(), strict=True)
    for at, latency, outcome, number in rows:
        index = min(count - 1, int(max(0.0, at) / step))
        sent[index] += number
        if outcome == _OK:
            ok[index] += number
            latencies[index] += latency * number
    return tuple(
        Moment(index * step, sent[index], ok[index], sent[index] - ok[index], total / ok[index] if ok[index] else None)
        for index, total in enumerate(latencies)
    )
