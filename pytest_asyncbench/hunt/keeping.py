"""Whether a simpler request is still as slow as the slowest: decided once for each, and robust against noise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any, TypeAlias

from pytest_asyncbench.hunt.trials import Key, Trial, Trials
from pytest_asyncbench.traffic.requests import RequestDescription

KEPT = 0.8
"""Share of the slowest request's latency that a simpler one must have."""
HOPELESS = 0.5
"""Share below which a single sample says that it has not."""
UNSURE = (0.65, 0.95)
"""Shares between which more samples are taken before it is said."""
FEW, MANY = 3, 9
"""Samples, and those where the first few leave it unsure."""
LOWERED = 1 / 3
"""Share of a number down to which shrinking it is taken for trading latency, rather than for simplifying."""

Path: TypeAlias = tuple[object, ...]


@dataclass(slots=True)
class Keeping:
    """The condition under which a request is shrunk from `slowest`, whose latency is `latency` seconds.

    The answer to each request is kept: Hypothesis asks again, and calls it flaky where the answer has changed.
    `numbers` must be in the request unchanged.
    """

    trials: Trials
    slowest: Trial
    latency: float
    numbers: Mapping[Path, float] = field(default_factory=dict)
    answers: dict[Key, bool] = field(default_factory=dict)
    accepted: list[Trial] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.answers[self.slowest.key] = True
        self.accepted.append(self.slowest)

    @property
    def simplest(self) -> Trial:
        """What was accepted last: each is simpler than the one before."""
        return self.accepted[-1]

    def __call__(self, trial: Trial) -> bool:
        """Whether a request is as slow. Raises Enough."""
        if trial.key not in self.answers:
            self.answers[trial.key] = self._has(trial.request) and self._is_slow(trial)
            if self.answers[trial.key]:
                self.accepted.append(trial)
        return self.answers[trial.key]

    def _has(self, request: RequestDescription) -> bool:
        """Whether the numbers that matter are as they were."""
        return not self.numbers or self.numbers.items() <= dict(numbers_of(request.keywords)).items()

    def _is_slow(self, trial: Trial) -> bool:
        times = self.trials.take(trial)
        if not times or times[0] < HOPELESS * self.latency:
            return False
        if trial.unanswered:
            return True
        times += self.trials.take(trial, FEW - 1)
        if UNSURE[0] * self.latency < median(times) < UNSURE[1] * self.latency:
            times += self.trials.take(trial, MANY - FEW)
        return len(times) >= FEW and median(times) >= KEPT * self.latency


def numbers_of(value: Any, path: Path = ()) -> Iterator[tuple[Path, float]]:
    """Every number in nested mappings and lists, by the way to it."""
    if isinstance(value, Mapping):
        for key, held in value.items():
            yield from numbers_of(held, (*path, key))
    elif isinstance(value, list | tuple):
        for place, held in enumerate(value):
            yield from numbers_of(held, (*path, place))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, value


def traded(slowest: RequestDescription, simplest: RequestDescription) -> dict[Path, float]:
    """The numbers that were made smaller at the price of latency, as the slowest request has them.

    A number on which the work depends is shrunk until `KEPT` of the latency is left: 10,000 rows become 8,000. That is
    not simpler.
    """
    after = dict(numbers_of(simplest.keywords))
    return {
        path: number
        for path, number in numbers_of(slowest.keywords)
        if path in after and LOWERED * abs(number) <= abs(after[path]) < abs(number)
    }
