"""What a ramp says: where throughput stops growing, where answers get too slow, where errors begin. Pure.

A ramp is a sequence of plateaus of ascending load. `load` is the number of users of a closed loop or the rate of an
open one in 1/s, rates are in 1/s, times in seconds. UnknownValue is raised, with the reason, for what a ramp does not
say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_asyncbench.errors import UnknownValue
from pytest_asyncbench.measure.interval import Interval
from pytest_asyncbench.measure.kneedle import kneedle
from pytest_asyncbench.traffic.ramp_plan import By

UNITS: dict[By, str] = {"users": " users", "rate": " per second"}
STILL_GROWING = 0.8
"""Share of what `load` users would be served without any waiting, at or above which there is no knee yet."""
GROWTH = 1.1
"""Factor by which throughput must have grown, if the ramp did not begin with one user: else it began above the knee,
and the time of an answer without waiting was never seen."""


@dataclass(frozen=True, slots=True)
class Plateau:
    """One plateau: its load, ok answers per second, mean latency of the ok answers, share of requests not ok.

    `rps_range` and `mean_range` are intervals over the plateau's own slots; 0 to inf where they are too few.
    """

    load: float
    rps: float
    mean: float
    errors: float = 0.0
    rps_range: tuple[float, float] = (0.0, math.inf)
    mean_range: tuple[float, float] = (0.0, math.inf)


@dataclass(frozen=True, slots=True)
class Knee:
    """Where throughput stops growing: `at` by the asymptotes, `kneedle` by the shape of the curve (None: no knee).

    `most` is the highest throughput, `unhindered` the shortest mean latency: that without waiting.
    """

    at: float
    low: float
    high: float
    kneedle: float | None
    most: float
    unhindered: float


def knee(plateaus: Sequence[Plateau], think_time: float = 0.0, by: By = "users") -> Knee:
    """N* = X_max (R_min + Z): where the asymptotes of a closed loop's throughput meet.

    X(N) <= min(N / (R + Z), X_max) (P. J. Denning, J. P. Buzen: "The Operational Analysis of Queueing Network
    Models", ACM Computing Surveys 10 (1978), on asymptotic bounds). Of an open loop it is X_max itself. Cross-checked
    with Kneedle, which knows nothing of queues.
    """
    usable = [plateau for plateau in plateaus if plateau.rps > 0]
    if len(usable) < 3:
        raise UnknownValue(f"knee: it takes three plateaus with answers, and there are {len(usable)}")
    best = max(usable, key=lambda plateau: plateau.rps)
    fastest = min(usable, key=lambda plateau: plateau.mean)
    around = fastest.mean + think_time if by == "users" else 1.0
    _require_bend(usable, best.rps, around, by)
    return Knee(
        at=best.rps * around,
        low=best.rps_range[0] * (fastest.mean_range[0] + think_time if by == "users" else 1.0),
        high=best.rps_range[1] * (fastest.mean_range[1] + think_time if by == "users" else 1.0),
        kneedle=kneedle([plateau.load for plateau in usable], [plateau.rps for plateau in usable]),
        most=best.rps,
        unhindered=fastest.mean,
    )


def cliff(loads: Sequence[float], found: bool, by: By = "users") -> Interval:
    """The last load, if a ramp was ended there by errors (`found`); they began between the load before (`low`) and
    this one (`high`). Raises UnknownValue if there is no cliff."""
    if not found:
        raise UnknownValue(
            f"no cliff up to {loads[-1]:g}{UNITS[by]}" if loads else "no cliff: nothing was measured"
        )
    return Interval(loads[-1], loads[-2] if len(loads) > 1 else 0.0, loads[-1])


def slo_limit(loads: Sequence[float], kept: Sequence[bool | None]) -> Interval:
    """The largest load up to which a budget is kept (`low`), and the first at which it is broken (`high`; inf: none).

    `kept[i]` is None where that cannot be known at `loads[i]` (a p99 without enough answers). Raises UnknownValue if
    it is kept nowhere.
    """
    broken = next((load for load, holds in zip(loads, kept, strict=True) if holds is False), math.inf)
    good = [load for load, holds in zip(loads, kept, strict=True) if holds and load < broken]
    if good:
        return Interval(good[-1], good[-1], broken)
    if math.isinf(broken):
        raise UnknownValue("it could not be judged at any plateau")
    raise UnknownValue(f"it is broken at {broken:g} already, the lowest plateau at which it could be judged")


def over_repeats(values: Sequence[Interval]) -> Interval:
    """The median of several ramps' values, and their whole range.

    The range of n independent values misses their median with probability 2^(1-n): 3 % of six. One value keeps its
    own interval.
    """
    if len(values) == 1:
        return values[0]
    centres = sorted(value.centre for value in values)
    return Interval(centres[(len(centres) - 1) // 2], centres[0], centres[-1])


def hysteresis(before: Plateau, after: Plateau) -> float:
    """Mean latency of a plateau after the ramp over that before it: 1 where the load in between has left no trace."""
    return after.mean / before.mean if before.mean > 0 else math.inf


def _require_bend(plateaus: Sequence[Plateau], most: float, around: float, by: By) -> None:
    """Raise UnknownValue if the ramp ended before the knee, or began above it."""
    lowest, highest = plateaus[0], plateaus[-1]
    if highest.rps / (highest.load / around) >= STILL_GROWING:
        raise UnknownValue(f"no knee up to {highest.load:g}{UNITS[by]}: throughput still grew there")
    if by == "users" and lowest.load > 1 and most < GROWTH * lowest.rps:
        raise UnknownValue(
            f"the knee is at or below {lowest.load:g} users, where the ramp began: throughput never grew; begin lower"
        )
