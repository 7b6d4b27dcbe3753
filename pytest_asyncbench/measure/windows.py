"""How long a slot is, and how many rounds make one value: pure arithmetic on the mean cycle."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.traffic.load_plan import LoadPlan

LONGEST = 5.0
"""Seconds; a longer slot would leave too few rounds in a bearable time."""
ENOUGH = 100
"""Requests in a slot below which its mean says little."""
HEADROOM = 1.15
"""More answers are planned than a percentile needs, since speeds swing."""
AROUND = 0.3
"""Seconds of settling, tail and connecting around a window, at least."""
FEWEST_DATA = 8


@dataclass(frozen=True, slots=True)
class Windows:
    """Length of each variant's window in seconds, and the number of whole rounds merged into one datum."""

    seconds: Mapping[str, float]
    merged: int = 1


def plan_windows(plan: LoadPlan, cycles: Mapping[str, float], answers: int, metric: str = "") -> Windows:
    """Windows of max(`plan.slot`, one mean cycle, 100 requests, `answers`) and at most 5 s.

    `cycles` are the mean cycles in seconds per variant, `answers` what a datum must hold for `metric`, the most
    demanding one that is judged. Raises SpecError if a cycle is longer than a slot may be, or if eight data do not
    fit into `plan.max_time`.
    """
    for variant, cycle in cycles.items():
        if cycle > LONGEST:
            raise SpecError(
                f"{variant}: a user's mean cycle is {cycle:.1f} s; slots are {LONGEST:g} s at most and must hold a whole "
                "cycle. Use fewer users or a shorter think_time."
            )
    needed = {variant: max(ENOUGH, answers * HEADROOM) * cycle / plan.users for variant, cycle in cycles.items()}
    windows = {v: min(LONGEST, max(plan.slot, cycles[v], needed[v])) for v in cycles}
    merged = max(1, *(math.ceil(answers * HEADROOM * cycles[v] / plan.users / windows[v]) for v in cycles))
    if merged > 1:
        _require_time(plan, windows, cycles, merged, metric)
    return Windows(windows, merged)


def for_duration(plan: LoadPlan, cycles: Mapping[str, float], cap: int) -> tuple[Windows, int]:
    """Windows and number of rounds that measure every variant for `plan.duration` seconds in all."""
    duration = plan.duration or 0.0
    rounds = max(1, min(cap, int(duration / plan.slot)))
    return Windows(dict.fromkeys(cycles, duration / rounds)), rounds


def _require_time(plan: LoadPlan, windows: Mapping[str, float], cycles: Mapping[str, float], merged: int, metric: str) -> None:
    a_round = sum(windows[variant] + 2 * cycles[variant] + AROUND for variant in windows)
    time = a_round * merged * FEWEST_DATA
    if time > plan.max_time:
        raise SpecError(
            f"{metric} needs {time:.0f} s here for {FEWEST_DATA} values with enough answers each, and max_time is {plan.max_time:g} s. "
            "Judge rps, mean or p50 instead, use more users, or give it the time."
        )
