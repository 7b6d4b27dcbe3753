"""The decision at each look: values in, finding out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import inf
from typing import Literal

from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.giving_up import evidence, hopeless, rounds_needed
from pytest_asyncbench.verdict.signed_rank import FIRST_LOOK, critical, middle, tail, walsh_averages

Outcome = Literal["PASS", "FAIL", "INCONCLUSIVE"]


@dataclass(frozen=True, slots=True)
class Band:
    """Where the logarithm of the true ratio is claimed to be: above `lower`, below `upper` (None: anywhere).

    `clear_by` is by how much a finding must stay away from its end to be clear.
    `ways_to_fail` is the number of comparisons, or of ends of a band, any of which fails a statement
    alone: their wrong FAILs add up, so each gets its share of the error allowed. PASS needs all of them,
    and shares nothing.
    """

    lower: float | None = None
    upper: float | None = None
    ways_to_fail: int = 1
    clear_by: float = 0.0

    def holds(self, low: float, high: float) -> bool:
        """Whether an interval lies wholly inside."""
        return (self.lower is None or low > self.lower) and (self.upper is None or high < self.upper)

    def excludes(self, low: float, high: float) -> bool:
        """Whether an interval lies wholly outside."""
        return (self.lower is not None and high < self.lower) or (self.upper is not None and low > self.upper)

    def clears(self, low: float, high: float) -> bool:
        """Whether an interval that holds or excludes stays away from every end by `clear_by`."""
        ends = [end for end in (self.lower, self.upper) if end is not None]
        return all(low - end >= self.clear_by or end - high >= self.clear_by for end in ends)

    def evidence(self, averages: Sequence[float], rounds: int) -> float:
        """The signed-rank z of the nearest end: positive where the values seem to lie inside."""
        inwards = [] if self.lower is None else [evidence(averages, self.lower, rounds)]
        if self.upper is not None:
            inwards.append(-evidence(averages, self.upper, rounds))
        return min(inwards)


@dataclass(frozen=True, slots=True)
class Finding:
    """What the values say about a band, in logarithms.

    `needed` estimates how many rounds would have decided (None: no reasonable number). `stopped` says what
    ended the sampling before the last look: that it was hopeless, or that there were no more rounds.
    `first_look` is after how many rounds there is an interval at all.
    """

    outcome: Outcome
    centre: float
    low: float
    high: float
    rounds: int
    needed: int | None = None
    stopped: Literal["", "hopeless", "ended"] = ""
    first_look: int = FIRST_LOOK


@dataclass(frozen=True, slots=True)
class Look:
    """The interval of a PASS runs from the `k`-th smallest to the `k`-th largest Walsh average, and so on."""

    rounds: int
    k: int
    k_fail: int
    may_give_up: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """All looks at which a verdict may be given, and the tails of the last one."""

    looks: tuple[Look, ...]
    pass_tail: float
    fail_tail: float


@lru_cache(maxsize=64)
def plan(effort: Effort, ways_to_fail: int) -> Plan:
    """The looks for this effort. A FAIL never asks for less than a PASS, whatever was carried over."""
    cap = effort.max_rounds
    passing = effort.looks
    failing = critical(effort.alpha / ways_to_fail, cap, effort.first_look)
    looks = tuple(
        Look(n, k, min(k, k_fail), passing[0][0] < n < cap)
        for (n, k), (_, k_fail) in zip(passing, failing, strict=True)
        if k
    )
    return Plan(looks, tail(cap, looks[-1].k), tail(cap, max(1, looks[-1].k_fail)))


def decide(values: Sequence[float], band: Band, effort: Effort, *, ended: bool = False) -> Finding | None:
    """What the first look that decides says of these values; None: go on.

    The values are logarithms, may be infinite, and are never NaN. With `ended` no more will come.

    A finding that is not clear waits for a look at which it is, as long as the middle of the values is: the error over
    all looks together holds for each of them. If none comes it counts as it was.
    """
    planned = plan(effort, band.ways_to_fail)
    latest: Finding | None = None
    close: Finding | None = None
    for look in planned.looks:
        if look.rounds > len(values):
            break
        latest = _look(values[: look.rounds], band, look, planned)
        is_last = look.rounds == effort.max_rounds
        if close is None and latest.outcome == "INCONCLUSIVE":
            if latest.stopped or is_last:
                return latest
            continue
        close = close or latest
        if latest.outcome == close.outcome and band.clears(latest.low, latest.high):
            return latest
        if is_last or not band.clears(latest.centre, latest.centre):
            return close
    if not ended:
        return None
    return close or _undecided(values, latest, planned.looks[0].rounds)


def _look(values: Sequence[float], band: Band, look: Look, planned: Plan) -> Finding:
    averages = walsh_averages(values)
    n, k, k_fail = look.rounds, look.k, look.k_fail
    centre, low, high = middle(averages), averages[k - 1], averages[-k]
    if band.holds(low, high):
        return Finding("PASS", centre, low, high, n)
    if k_fail and band.excludes(averages[k_fail - 1], averages[-k_fail]):
        return Finding("FAIL", centre, low, high, n)
    z, cap = band.evidence(averages, n), planned.looks[-1].rounds
    last_tail = planned.pass_tail if z > 0 else planned.fail_tail
    give_up = look.may_give_up and hopeless(z, n, cap, last_tail)
    needed = rounds_needed(z, n, cap, last_tail)
    return Finding("INCONCLUSIVE", centre, low, high, n, needed, "hopeless" if give_up else "")


def _undecided(values: Sequence[float], latest: Finding | None, first_look: int) -> Finding:
    if latest is not None:
        at = latest
        return Finding("INCONCLUSIVE", at.centre, at.low, at.high, at.rounds, at.needed, "ended")
    centre = middle(walsh_averages(values)) if values else 0.0
    return Finding("INCONCLUSIVE", centre, -inf, inf, len(values), None, "ended", first_look)
