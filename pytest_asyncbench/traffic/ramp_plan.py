"""What `load.ramp` asks for, checked: its plateaus and what each of them is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal, TypeAlias

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.traffic.load_plan import LoadPlan, load_plan
from pytest_asyncbench.traffic.requests import RequestDescription

By: TypeAlias = Literal["users", "rate"]
"""What grows from plateau to plateau."""

DURATION = 5.0
"""Measured seconds per plateau, unless asked otherwise: ten slots, enough for an interval."""
RAMP_WORDS = ("steps", "repeats")
"""Keywords of `load.ramp` beside those of every load call. `users` (or `rate`) is (lowest, highest) here."""
UNWANTED = ("rounds",)
MOST_STEPS = 100


@dataclass(frozen=True, slots=True)
class RampPlan:
    """Plateaus of ascending `loads`: numbers of users, or starts per second. `first` is the lowest plateau.

    All of it is done `repeats` times, for intervals. `max_time` of `first` is that of the whole ramp.
    """

    by: By
    loads: tuple[float, ...]
    first: LoadPlan
    repeats: int = 1

    def at(self, load: float, **changes: Any) -> LoadPlan:
        """The plateau of this load."""
        changed: dict[str, Any] = {self.by: load, **changes}
        return replace(self.first, **changed)

    def told(self, load: float) -> str:
        """A load in words: "1 user", "200 per second"."""
        if self.by == "rate":
            return f"{load:g} per second"
        return f"{load:g} user{'s' * (load != 1)}"

    @property
    def middle(self) -> float:
        """The load of the warm-up: the lowest would take long, the highest may be more than the server survives."""
        return self.loads[(len(self.loads) - 1) // 2]

    @property
    def shortest_time(self) -> float:
        """Seconds that it takes at least, without warm-up."""
        measured = (self.first.duration or 0.0) + self.first.slot
        return self.repeats * len(self.loads) * measured


def geometric(low: float, high: float, count: int) -> tuple[float, ...]:
    """`count` loads from `low` to `high`, each the same factor above the one before."""
    factor = (high / low) ** (1 / (count - 1))
    return (low, *(low * factor**step for step in range(1, count - 1)), high)


def ramp_plan(
    call: str, requests: Iterable[RequestDescription], words: Mapping[str, Any], defaults: Mapping[str, Any]
) -> RampPlan:
    """A checked plan from the words of a `load.ramp` call, over `defaults` (the options).

    Raises SpecError for a value that cannot be meant, and for a ramp that cannot be done in `max_time`.
    """
    for word in UNWANTED:
        if words.get(word) is not None:
            raise SpecError(f"{call}: a ramp has no {word}; it has duration (of a plateau) and repeats")
    by, low, high = _range(call, words)
    loads = _loads(call, by, low, high, words.get("steps"))
    rest = {word: value for word, value in words.items() if word not in (*RAMP_WORDS, "users", "rate")}
    kept = {word: value for word, value in defaults.items() if word not in UNWANTED}
    given = {"duration": kept.get("duration") or DURATION, **rest, by: loads[0]}
    plan = RampPlan(by, loads, load_plan(call, requests, given, kept), _repeats(call, words))
    if plan.shortest_time > plan.first.max_time:
        raise SpecError(
            f"{call} needs {plan.shortest_time:.0f} s and more: {len(loads)} plateaus of "
            f"{plan.first.duration:g} s{f', {plan.repeats} times' if plan.repeats > 1 else ''}; max_time is "
            f"{plan.first.max_time:g} s. Use fewer steps, a shorter duration, or a longer max_time."
        )
    return plan


def _range(call: str, words: Mapping[str, Any]) -> tuple[By, float, float]:
    given = [by for by in ("users", "rate") if words.get(by) is not None]
    if len(given) != 1:
        raise SpecError(f"{call}: say from where to where: users=(1, 400) or rate=(10, 1000)")
    by: By = "users" if given == ["users"] else "rate"
    ends = words[by]
    if not isinstance(ends, Sequence) or isinstance(ends, str) or len(ends) != 2:
        raise SpecError(f"{call}: {by}={ends!r}: write the lowest and the highest: {by}=(1, 400)")
    low, high = (_load(call, by, end) for end in ends)
    if not low < high:
        raise SpecError(f"{call}: {by}={ends!r}: the highest must be above the lowest")
    return by, low, high


def _load(call: str, by: By, value: object) -> float:
    if by == "users" and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise SpecError(f"{call}: {value!r}: users are whole numbers from 1 up")
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not math.isfinite(value)
        or value <= 0
    ):
        raise SpecError(f"{call}: {value!r}: rates are numbers above zero, of starts per second")
    return value


def _loads(call: str, by: By, low: float, high: float, steps: object) -> tuple[float, ...]:
    if steps is None:
        steps = max(3, math.ceil(math.log2(high / low)) + 1)
    if isinstance(steps, int) and not isinstance(steps, bool) and 2 <= steps <= MOST_STEPS:
        found = geometric(low, high, steps)
        return tuple(dict.fromkeys(round(load) for load in found)) if by == "users" else found
    if isinstance(steps, Sequence) and not isinstance(steps, str) and 2 <= len(steps) <= MOST_STEPS:
        loads = tuple(_load(call, by, step) for step in steps)
        if loads[0] < low or loads[-1] > high or any(b <= a for a, b in pairwise(loads)):
            raise SpecError(
                f"{call}: steps={steps!r}: write {by} in ascending order from {low:g} to {high:g}"
            )
        return loads
    raise SpecError(
        f"{call}: steps={steps!r}: write a number of plateaus from 2 to {MOST_STEPS}, or their {by}: steps=[1, 10, 100]"
    )


def _repeats(call: str, words: Mapping[str, Any]) -> int:
    repeats = words.get("repeats")
    if repeats is None:
        return 1
    if isinstance(repeats, bool) or not isinstance(repeats, int) or not 1 <= repeats <= 30:
        raise SpecError(
            f"{call}: repeats={repeats!r}: write how often the whole ramp is done, from 1 to 30 "
            "(six give an interval of 97 %)"
        )
    return repeats
