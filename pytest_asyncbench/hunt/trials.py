"""Every request that a hunt has tried, with what it took, and how often to send it until that is known well enough."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from math import floor, inf, log
from statistics import median
from typing import TypeAlias

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.hunt.timing import Sender, Timing
from pytest_asyncbench.traffic.requests import RequestDescription, encoded

Key: TypeAlias = Hashable
"""Of a request: equal for requests of which the same bytes are sent."""

REPEATS = 3
"""Samples of a request that may be the slowest: the median of three outlives a stall of the machine."""
PROMISING = 0.7
"""Share of the longest median so far from which on a first sample is repeated. A stall makes a sample longer, never
shorter: one that is shorter than this does not belong to the slowest request."""
LONGER_THAN_A_STALL = 0.15
"""Seconds that are spent on a request that seems the slowest so far. All that follow are held against it, and climbing
starts at it: three samples of a millisecond may lie within one stall."""
MOST_MORE = 12
BUCKET = 1.1
"""Factor of latency within which scores are the same: hill climbing must not stop at noise, and may move sideways."""
SHORTEST = 1e-6
FAILED = -1000.0
"""Score of a request that is not answered ok: below that of every latency."""
PATIENCE = 20
"""Attempts to see a server recovered after a request that it did not answer in time."""
RECOVERED = 3.0
"""Factor of a quick request's usual latency up to which a server has recovered."""
HICCUP = 0.05
"""Seconds by which that may be longer in any case."""


class Enough(BaseException):
    """A phase of the hunt has used up its time or its requests. No Exception: Hypothesis would take that for a failing
    example, and go on."""


class Unsendable(SpecError):
    """What a strategy gave is no request, or one that HTTP cannot carry."""


@dataclass(slots=True, eq=False)
class Trial:
    """One request: the seconds of each time it was sent, and its errors. `unanswered` of `times` were waited for in
    vain."""

    key: Key
    request: RequestDescription
    times: list[float] = field(default_factory=list)
    errors: list[Timing] = field(default_factory=list)
    unanswered: int = 0

    @property
    def fails(self) -> bool:
        """Whether most of its answers are not ok: then it is no slow request, but a broken one."""
        return len(self.errors) > len(self.times)

    @property
    def latency(self) -> float:
        """The median, in seconds; 0 of one that fails."""
        return 0.0 if self.fails or not self.times else median(self.times)


@dataclass(slots=True)
class Trials:
    """What was tried. A phase ends at `until` (of the sender's clock) or with `most` requests in all: `take` raises
    Enough."""

    sender: Sender
    each: dict[Key, Trial] = field(default_factory=dict)
    requests: int = 0
    until: float = inf
    most: float = inf
    longest: float = 0.0
    quick: Trial | None = None

    def of(self, request: RequestDescription) -> Trial:
        """The trial of a request, new or known. Raises Unsendable."""
        try:
            key = (request.method, encoded(request))
        except SpecError as error:
            raise Unsendable(str(error)) from None
        if key not in self.each:
            self.each[key] = Trial(key, request)
        return self.each[key]

    def begin(self, until: float, most: float) -> None:
        """Begin a phase."""
        self.until, self.most = until, most

    @property
    def is_over(self) -> bool:
        """Whether nothing more may be sent in this phase."""
        return self.sender.now() >= self.until or self.requests >= self.most

    def take(self, trial: Trial, count: int = 1) -> list[float]:
        """Send a request so many times; the seconds of what is not an error. Raises Enough."""
        if self.is_over:
            raise Enough
        timings = self.sender.send(trial.request, count).timings
        self.requests += len(timings)
        times = [each.seconds for each in timings if not each.is_error]
        trial.times += times
        trial.errors += [each for each in timings if each.is_error]
        waited = sum(each.is_unanswered for each in timings)
        trial.unanswered += waited
        if waited:
            self._recover()
        elif times and (self.quick is None or self.quick.fails):
            self.quick = trial
        return times

    def score(self, trial: Trial) -> float:
        """How slow a request is, in steps of 10 %: what Hypothesis is to make as high as it can. Raises Enough."""
        if not trial.times and not trial.errors:
            self.take(trial)
        if trial.fails and len(trial.errors) == 1:
            self.take(trial)
        if trial.fails:
            return FAILED
        if len(trial.times) < REPEATS and trial.latency >= PROMISING * self.longest:
            if not trial.unanswered:  # twice as patient is not twice as sure
                self.take(trial, REPEATS - len(trial.times))
            if trial.latency > self.longest and not trial.unanswered and (more := _more(trial.latency)):
                self.take(trial, more)
            self.longest = max(self.longest, trial.latency)
        return FAILED if trial.fails else bucket(trial.latency)

    def fresh(self, trials: Sequence[Trial], rounds: int) -> list[float]:
        """The medians of new samples, taken in turns, so that all of them share the machine's moods; those of all
        samples where a phase ends before."""
        times: list[list[float]] = [[] for _ in trials]
        try:
            for _ in range(rounds):
                for trial, found in zip(trials, times, strict=True):
                    found.extend(self.take(trial))
        except Enough:
            return [trial.latency for trial in trials]
        return [median(found) if found else trial.latency for trial, found in zip(trials, times, strict=True)]

    def _recover(self) -> None:
        """Wait until a quick request is answered quickly again: the server may still be busy with the one before, and
        whoever comes next would look slow."""
        if self.quick is None:
            return
        usual = self.quick.latency
        for _ in range(PATIENCE):
            if self.is_over:
                return
            [timing] = self.sender.send(self.quick.request, 1).timings
            self.requests += 1
            if not timing.is_unanswered and timing.seconds <= max(RECOVERED * usual, usual + HICCUP):
                return


def _more(latency: float) -> int:
    """How often a request that seems the slowest so far is sent again: for longer than a stall lasts."""
    return max(0, min(MOST_MORE, round(LONGER_THAN_A_STALL / max(latency, SHORTEST)) - REPEATS))


def bucket(latency: float) -> float:
    """The number of a latency's step, each 10 % above the one before."""
    return float(floor(log(max(latency, SHORTEST)) / log(BUCKET)))
