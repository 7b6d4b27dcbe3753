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
    """One slot of the warm-up: how long it put load on the server in seconds, its answers, and its rate in 1/s."""

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


def why_not_warm(windows: Sequence[WarmupWindow]) -> str | None:
    """In words, why a server may still have been cold when its warm-up ended; None if it was warm."""
    if not windows or is_warm(windows):
        return None
    passed, answers = sum(w.seconds for w in windows), sum(w.answers for w in windows)
    if answers < REQUESTS:
        return f"its warm-up of {passed:.0f} s held {answers} requests, {REQUESTS} were wanted"
    return f"not warm after {passed:.0f} s: its rate still changed by more than {STEADY:.0%}"


def is_over(windows: Sequence[WarmupWindow], asked: float | None) -> bool:
    """Whether the warm-up ends: after the time asked for, or when warm, and after 10 s in any case."""
    passed = sum(w.seconds for w in windows)
    return passed >= (LONGEST if asked is None else asked) or (asked is None and is_warm(windows))
