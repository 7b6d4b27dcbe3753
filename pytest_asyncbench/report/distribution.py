"""Latencies as points on a percentile axis, and as a series over time: small enough to keep, exact enough to draw."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pytest_asyncbench.measure.percentiles import nearest_rank
from pytest_asyncbench.report.document import Distribution, Series
from pytest_asyncbench.traffic.outcomes import OK, OUTCOMES
from pytest_asyncbench.traffic.samples import SlotResult

SHARES = (*(n / 100 for n in range(100)), *(1 - n / 10**d for d in (3, 4, 5, 6) for n in range(9, 0, -1)))
"""Each percent, then nine points in each further digit: 0.99, 0.991, ... 0.999, 0.9991, ..."""
FEWEST_FOR_P95 = 20
STEP = 0.1
"""Seconds of a series that are one point of it."""
_OK = OUTCOMES.index(OK)


def distribution(slots: Sequence[SlotResult]) -> Distribution:
    """The latencies of all requests of these slots; to the last share that has a value of its own, and the slowest."""
    ordered = sorted(
        latency if outcome == _OK else math.inf
        for slot in slots
        for latency, outcome in zip(slot.latency, slot.outcome, strict=True)
    )
    count = len(ordered)
    failed = sum(len(slot.outcome) - slot.outcome.count(_OK) for slot in slots)
    if not count:
        return Distribution(0, 0, (), ())
    shares = (*(round(share, 6) for share in SHARES if share <= 1 - 1 / count), 1.0)
    return Distribution(count, failed, shares, tuple(_finite(nearest_rank(ordered, at)) for at in shares))


def series(slot: SlotResult, step: float = STEP) -> Series:
    """A slot by the time when its requests were sent, in steps of equal length; the last one is 0.5 to 1.5 as long."""
    count = max(1, round(slot.window / step))
    times: list[list[float]] = [[] for _ in range(count)]
    sent = [0] * count
    for at, latency, outcome in zip(slot.sent, slot.latency, slot.outcome, strict=True):
        index = min(count - 1, int(max(0.0, at) / step))
        sent[index] += 1
        if outcome == _OK:
            times[index].append(latency)
    return Series(
        step,
        tuple(sent),
        tuple(map(len, times)),
        tuple(math.fsum(each) / len(each) if each else None for each in times),
        tuple(nearest_rank(sorted(each), 0.95) if len(each) >= FEWEST_FOR_P95 else None for each in times),
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
