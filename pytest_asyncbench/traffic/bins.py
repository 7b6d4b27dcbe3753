"""Samples of a slot in bins, where there are too many to keep each: exact counts and means, percentiles within 1 %.

A bin holds the requests of one outcome, one request of the plan, one step of time, and one class of latencies (and of
send delays, in an open loop). Classes are `GROWTH` wide, and what stands for all requests of a bin is their mean, which
lies in the same class: so a percentile of bins is less than `RELATIVE_ERROR` away from that of the samples.
That is the idea of DDSketch (C. Masson, J. Rim, H. Lee: DDSketch. Proceedings of the VLDB Endowment 12 (2019),
2195-2205), with means in the place of midpoints, so that sums stay exact. Merging adds bins up, in any order.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import TypeAlias

from pytest_asyncbench.traffic.samples import SlotResult

RELATIVE_ERROR = 0.01
GROWTH = 1 + RELATIVE_ERROR
"""Ratio of the ends of a class: no two of its values differ by more than this factor."""
STEP = 0.1
"""Seconds of `measure` in one bin: the step of the pictures."""
FLOOR = 1e-7
"""Seconds; shorter times are in one class."""
MOST_RAW = 1_000_000
"""Samples of one slot that are kept one by one, of all agents together: about 21 MB of memory."""
_SCALE = 1 / math.log(GROWTH)

Key: TypeAlias = tuple[int, int, int, int, int]


def most_raw(agents: int) -> int:
    """How many samples each agent may send one by one."""
    return max(1, MOST_RAW // agents)


def size_class(seconds: float) -> int:
    """The class of a time."""
    return math.floor(math.log(seconds / FLOOR) * _SCALE) if seconds > FLOOR else -1


@dataclass(slots=True)
class Bins:
    """Sums of what is in each bin: number, time of sending, latency, cycle, send delay."""

    sums: dict[Key, list[float]] = field(default_factory=dict)

    def add(self, result: SlotResult, base: float = 0.0) -> None:
        """Take in all samples of a slot; times of sending count from `base` before the opening of its `measure`."""
        sums = self.sums
        for number, outcome, request, sent, latency, cycle, delay in _rows(result):
            key = (outcome, request, int(sent / STEP), size_class(latency), size_class(delay))
            found = sums.get(key)
            if found is None:
                found = sums[key] = [0.0, 0.0, 0.0, 0.0, 0.0]
            found[0] += number
            found[1] += number * (sent + base)
            found[2] += number * latency
            found[3] += number * cycle
            found[4] += number * delay

    def into(self, result: SlotResult, base: float = 0.0) -> SlotResult:
        """`result` with what these bins hold as its samples."""
        rows = sorted(self.sums.items())
        numbers = [round(sums[0]) for _, sums in rows]

        def means(index: int) -> Iterator[float]:
            return (sums[index] / number for number, (_, sums) in zip(numbers, rows, strict=True))

        return replace(
            result,
            sent=array("f", (mean - base for mean in means(1))),
            latency=array("d", means(2)),
            cycle=array("f", () if result.rate else means(3)),
            outcome=bytes(key[0] for key, _ in rows),
            request=array("I", (key[1] for key, _ in rows) if len(result.names) > 1 else ()),
            send_delay=array("f", means(4) if result.rate else ()),
            weights=array("Q", numbers),
        )


def binned(result: SlotResult) -> SlotResult:
    """The same slot with its samples in bins. Visits of flows stay as they are: no agent makes that many."""
    if result.steps is not None or result.weights:
        return result
    bins = Bins()
    bins.add(result)
    return bins.into(result)


def merged_bins(results: Iterable[SlotResult]) -> tuple[list[SlotResult], Bins, float]:
    """Take in the samples of slots one after the other, so that no two are held at the same time.

    Gives the results without their samples, the bins, and the reading of the clock that times of sending count from.
    """
    bins, bare = Bins(), []
    base = 0.0
    for result in results:
        base = base or result.opened
        bins.add(result, result.opened - base)
        bare.append(without_samples(result))
    return bare, bins, base


def without_samples(result: SlotResult) -> SlotResult:
    """Everything but the samples."""
    nothing = array("f")
    return replace(
        result,
        sent=nothing,
        latency=array("d"),
        cycle=nothing,
        outcome=b"",
        request=array("I"),
        send_delay=nothing,
        weights=array("Q"),
    )


def _rows(result: SlotResult) -> Iterator[tuple[float, int, int, float, float, float, float]]:
    def of(values: Sequence[float]) -> Iterable[float]:
        return values or repeat(0.0)

    request: Iterable[int] = result.request or repeat(0)
    weights: Iterable[int] = result.weights or repeat(1)
    return zip(
        weights,
        result.outcome,
        request,
        result.sent,
        result.latency,
        of(result.cycle),
        of(result.send_delay),
        strict=False,
    )
