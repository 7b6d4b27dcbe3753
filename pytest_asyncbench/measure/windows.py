"""How long a slot is, and how many rounds make one value: pure arithmetic on the mean cycle."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.plan import LONGEST_WINDOW

LONGEST = LONGEST_WINDOW
"""Seconds; a longer slot would leave too few rounds in a bearable time."""
FEWEST, ENOUGH = 20, 100
"""Requests in a slot: at least 20, and up to 100 where they differ so much that fewer would say little."""
PRECISION = 0.03
"""Standard error of a slot's mean, as a share of it, for which no more requests are asked."""
HEADROOM = 1.15
"""More answers are planned than a percentile needs, since speeds swing."""
AROUND = 0.3
"""Seconds of settling, tail and connecting around a window, at least."""
FEWEST_DATA = 8


@dataclass(frozen=True, slots=True)
class Windows:
    """Length of each variant's window in seconds, the number of whole rounds merged into one datum, and the requests
    that a window must hold at least (it is stretched for them)."""

    seconds: Mapping[str, float]
    merged: int = 1
    least: int = 0


@dataclass(frozen=True, slots=True)
class Pace:
    """What is known of a variant's cycles: their mean in seconds, and their standard deviation as a share of it."""

    cycle: float
    spread: float = 1.0

    @property
    def enough(self) -> int:
        """Requests after which a slot's mean is precise enough: 20 of a server that always takes equally long, 100
        of one that does not."""
        return max(FEWEST, min(ENOUGH, math.ceil((self.spread / PRECISION) ** 2)))


def plan_windows(plan: LoadPlan, paces: Mapping[str, Pace], answers: int, metric: str = "") -> Windows:
    """Windows of max(`plan.slot`, one mean cycle, enough requests, `answers`) and at most 5 s.

    `paces` are the variants' cycles so far, `answers` what a datum must hold for `metric`, the most demanding one
    that is judged. Raises SpecError if a cycle is longer than a slot may be, or if eight data do not
    fit into `plan.max_time`.
    """
    cycles = {variant: pace.cycle for variant, pace in paces.items()}
    for variant, cycle in cycles.items():
        if cycle > LONGEST and plan.rate is None:
            raise SpecError(too_slow(variant, cycle))
    planned = (
        answers * HEADROOM if answers > 1 else 1
    )  # a whole cycle, which every window has, is enough for a mean
    wanted = {variant: max(pace.enough, planned) for variant, pace in paces.items()}
    needed = {variant: wanted[variant] * _between_sends(plan, cycle) for variant, cycle in cycles.items()}
    windows = {v: min(LONGEST, max(plan.slot, cycles[v], needed[v])) for v in cycles}
    merged = max(1, *(math.ceil(planned * _between_sends(plan, cycles[v]) / windows[v]) for v in cycles))
    if merged > 1:
        _require_time(plan, windows, cycles, merged, metric)
    return Windows(windows, merged, max(FEWEST, math.ceil(answers / merged)))


def too_slow(variant: str, cycle: float) -> str:
    """Why a variant with so long a cycle cannot be measured, in words."""
    return (
        f"{variant}: a user's mean cycle is {cycle:.1f} s; slots are {LONGEST:g} s at most and must hold "
        "a whole cycle. Use fewer users or a shorter think_time."
    )


def _between_sends(plan: LoadPlan, cycle: float) -> float:
    """Mean time from one request to the next, of all users together, in seconds."""
    return cycle / plan.users if plan.rate is None else 1 / plan.rate


def for_duration(
    plan: LoadPlan, variants: Iterable[str], cap: int, longest_cycle: float = 0.0
) -> tuple[Windows, int]:
    """Windows and number of rounds that measure every variant for `plan.duration` seconds in all.

    They are as long as the longest cycle known, where that and the duration allow, and stay open (5 s at most) until a
    request that was sent in them has ended: else a window could hold no request at all.
    """
    duration = plan.duration or 0.0
    rounds = max(1, min(cap, int(duration / max(plan.slot, min(LONGEST, longest_cycle)))))
    return Windows(dict.fromkeys(variants, duration / rounds), least=1), rounds


def _require_time(
    plan: LoadPlan, windows: Mapping[str, float], cycles: Mapping[str, float], merged: int, metric: str
) -> None:
    a_round = sum(windows[variant] + 2 * cycles[variant] + AROUND for variant in windows)
    time = a_round * merged * FEWEST_DATA
    if time > plan.max_time:
        raise SpecError(
            f"{metric} needs {time:.0f} s here for {FEWEST_DATA} values with enough answers each, "
            f"and max_time is {plan.max_time:g} s. "
            f"Judge rps, mean or p50 instead, use {'more users' if plan.rate is None else 'a higher rate'}, "
            "or give it the time."
        )
