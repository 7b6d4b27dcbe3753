"""The statistics of `percentiles.py`, and others, over slots whose samples may stand for several requests each.

Sums and counts are exact. A percentile is that of the means of bins, less than `bins.RELATIVE_ERROR` away from that of
the requests.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, repeat
from statistics import fmean

from pytest_asyncbench.measure.kaplan_meier import kaplan_meier_counted
from pytest_asyncbench.traffic.outcomes import OUTCOMES
from pytest_asyncbench.traffic.samples import SlotResult

_OK = OUTCOMES.index("ok")
_CENSORED = OUTCOMES.index("censored")

PACE = 1000
"""Values that are enough to know a mean and a spread by, where nothing is judged."""


def are_binned(slots: Iterable[SlotResult]) -> bool:
    """Whether any of the slots came in bins."""
    return any(slot.weights for slot in slots)


def percentile(slots: Sequence[SlotResult], share: float) -> float | None:
    """As `percentiles.percentile`; None where it cannot be known."""
    return kaplan_meier_counted(
        (
            (latency if outcome in (_OK, _CENSORED) else math.inf, outcome == _CENSORED, number)
            for slot in slots
            for latency, outcome, number in zip(slot.latency, slot.outcome, slot.counted(), strict=True)
        ),
        share,
    )


def mean_of(slots: Sequence[SlotResult], name: str, *wanted: int) -> float:
    """Mean of a field over the requests with one of the outcomes; of all, if none is named."""
    values, numbers = [], []
    for slot in slots:
        for value, outcome, number in zip(getattr(slot, name), slot.outcome, slot.counted(), strict=True):
            if not wanted or outcome in wanted:
                values.append(value)
                numbers.append(number)
    return fmean(values, numbers)


def ranked(values: Sequence[tuple[float, int]], shares: Iterable[float]) -> list[float]:
    """The nearest-rank percentiles, in ascending order of `shares`, of values that are there so many times."""
    ordered = sorted(values)
    reached = list(accumulate(number for _, number in ordered))
    found, index = [], 0
    for share in shares:
        wanted = math.ceil(round(share * reached[-1], 9))
        while reached[index] < wanted:
            index += 1
        found.append(ordered[index][0])
    return found


def of_outcome(slots: Iterable[SlotResult], wanted: int) -> list[tuple[float, int]]:
    """Latencies that ended in an outcome, and how many times each is there."""
    return [
        (latency, number)
        for slot in slots
        for latency, outcome, number in zip(slot.latency, slot.outcome, slot.counted(), strict=True)
        if outcome == wanted
    ]


def slower_half(values: Sequence[tuple[float, int]]) -> float:
    """Mean of the slowest half."""
    ordered = sorted(values)
    left = sum(number for _, number in ordered) // 2
    kept: list[tuple[float, int]] = []
    for value, number in ordered:
        skipped = min(left, number)
        left -= skipped
        if number > skipped:
            kept.append((value, number - skipped))
    return fmean([value for value, _ in kept], [number for _, number in kept])


def middle_pace(slot: SlotResult) -> tuple[int, float]:
    """How many ok answers the middle 80 % of a slot's are, and the seconds in which they came."""
    ends = sorted(
        (sent + latency, number)
        for sent, latency, outcome, number in zip(
            slot.sent, slot.latency, slot.outcome, slot.counted(), strict=True
        )
        if outcome == _OK
    )
    total = sum(number for _, number in ends)
    skipped = total // 10
    if total <= 2 * skipped + 1:
        return 0, 0.0
    first, last = ranked(ends, ((skipped + 1) / total, (total - skipped) / total))
    return total - 2 * skipped - 1, last - first


def thinned(values: Sequence[float], slot: SlotResult) -> Iterator[float]:
    """Values of a slot's entries as often as they are there, or in proportion where that would be very often."""
    if not slot.weights:
        return iter(values)
    much = max(1, sum(slot.weights) // PACE)
    return chain.from_iterable(map(repeat, values, (-(-number // much) for number in slot.weights)))
