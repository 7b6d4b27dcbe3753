"""What requests that were sent one after another took: the value that a hunt is about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from statistics import median
from typing import Protocol

from pytest_asyncbench.traffic.outcomes import OK
from pytest_asyncbench.traffic.requests import RequestDescription
from pytest_asyncbench.traffic.samples import SlotResult

UNANSWERED = ("timeout", "censored")
"""Outcomes of requests that are slow beyond all patience. Everything else that is not ok is an error, and not slow."""


@dataclass(frozen=True, slots=True)
class Timing:
    """One request: how it ended, and after how many seconds (without an answer: how long was waited)."""

    seconds: float
    outcome: str = OK
    why: str = ""

    @property
    def is_unanswered(self) -> bool:
        """Whether it was waited for in vain."""
        return self.outcome in UNANSWERED

    @property
    def is_error(self) -> bool:
        """Whether it says nothing about speed."""
        return self.outcome != OK and not self.is_unanswered


@dataclass(frozen=True, slots=True)
class Batch:
    """The same request several times, one after another; `slot` is what the load agent said of it."""

    timings: tuple[Timing, ...]
    slot: SlotResult | None = None

    @property
    def latency(self) -> float:
        """The median of the batch, in seconds: what was not answered ok is infinitely slow."""
        return median([each.seconds if each.outcome == OK else inf for each in self.timings] or [inf])


class Sender(Protocol):
    """Sends a request so many times, one after another, and tells the time in seconds."""

    def send(self, request: RequestDescription, count: int) -> Batch: ...

    def now(self) -> float: ...


def share_above(limit: float, batches: Iterable[Batch]) -> tuple[int, int]:
    """How many of all requests took longer than a limit, or were not ok; and how many there were."""
    timings = [each for batch in batches for each in batch.timings]
    return sum(each.outcome != OK or each.seconds > limit for each in timings), len(timings)
