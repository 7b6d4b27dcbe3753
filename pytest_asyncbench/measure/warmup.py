"""When a server is warm: a pure rule over the warm-up windows so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

WINDOW = 0.5
SHORTEST = 2.0
LONGEST = 10.0
REQUESTS = 200
STEADY = 0.10
"""The last window is within this share of the median of the three before."""


@dataclass(frozen=True, slots=True)
class WarmupWindow:
    """One window of the warm-up: its length in seconds, the answers in it, and the rate in 1/s."""

    seconds: float
    answers: int
    rps: float


def is_warm(windows: Sequence[WarmupWindow]) -> bool:
    """At least 2 s and 200 requests have passed and the rate is steady."""
    if (
        len(windows) < 4
        or sum(w.seconds for w in windows) < SHORTEST
        or sum(w.answers for w in windows) < REQUESTS
    ):
        return False
    before = median(w.rps for w in windows[-4:-1])
    return before > 0 and abs(windows[-1].rps / before - 1) <= STEADY


def is_over(windows: Sequence[WarmupWindow], asked: float | None) -> bool:
    """Whether the warm-up ends: after the time asked for, or when warm, and after 10 s in any case."""
    passed = sum(w.seconds for w in windows)
    return passed >= (LONGEST if asked is None else asked) or (asked is None and is_warm(windows))
