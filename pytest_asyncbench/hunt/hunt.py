"""The hunt for the slowest request: climb, meet the finalists again, shrink the slowest, and look once more.

It knows neither servers nor pytest: whatever sends requests and tells the time will do.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from statistics import median_low
from typing import Any

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.hunt.drawing import Drawing
from pytest_asyncbench.hunt.keeping import Keeping, traded
from pytest_asyncbench.hunt.quarry import Broken, Quarry
from pytest_asyncbench.hunt.search import Search
from pytest_asyncbench.hunt.timing import Sender
from pytest_asyncbench.hunt.trials import Enough, Trial, Trials, Unsendable

CANDIDATES, FINALISTS = 15, 4
"""Requests that are met again after the climb, and those of them that are met more often: the slowest may have been
slow by accident."""
LOOKS = 3
MEETINGS = 5
WARM_UP = 10
"""Times that the simplest request is sent before anything is timed, and seconds after which it is enough."""
WARM_UP_TIME = 1.0
CLIMBING, SHRINKING = 0.4, 0.7
"""Shares of time and of requests that are used up when a phase ends; the rest is for the verdict."""
SAME = 0.95
"""Share of the slowest request's latency from which on nothing was given away by shrinking it."""
LOST = 0.65
"""Share below which the shrunk one was accepted by a mistake of the machine."""


@dataclass(slots=True)
class Hunt:
    """One hunt. `time` are seconds, of the sender's clock, and `most` requests, for all of it."""

    drawing: Drawing
    sender: Sender
    examples: int
    seed: int
    time: float
    most: int
    corpus: frozenset[bytes] = frozenset()
    trials: Trials = field(init=False)
    search: Search = field(init=False)
    notes: list[str] = field(default_factory=list)
    unsendable: list[str] = field(default_factory=list)
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.trials = Trials(self.sender)
        self.search = Search(self.drawing.strategy(), self.examples, self.seed, self.corpus)
        self.began = self.sender.now()

    def run(self) -> Quarry:
        """Find the slowest request, and shrink it. Raises SpecError where there is nothing to send, or nothing is
        answered ok."""
        self._phase(CLIMBING)
        self._warm_up()
        self.search.climb(self._score)
        ok = [trial for trial in self.trials.each.values() if trial.latency]
        if not ok:
            return self._nothing()
        self._phase(SHRINKING)
        slowest, latency = self._slowest(ok)
        simplest = self._shrunk(slowest, latency)
        return Quarry(
            simplest.request,
            slowest.request,
            self._typical().request,
            sum(bool(trial.times or trial.errors) for trial in self.trials.each.values()),
            self.trials.requests,
            self._broken(),
            tuple(self._told()),
            self.corpus,
        )

    def so_far(self) -> Quarry:
        """What is known when the hunt was broken off."""
        trials = list(self.trials.each.values())
        best = max(trials, key=lambda trial: trial.latency, default=None)
        request = best.request if best else self.drawing.request(self.search.simplest())
        return Quarry(
            request, request, request, len(trials), self.trials.requests, self._broken(), tuple(self._told())
        )

    def _phase(self, share: float) -> None:
        self.trials.begin(self.began + share * self.time, share * self.most)

    def _warm_up(self) -> None:
        drawn = self.search.simplest()
        until = self.sender.now() + WARM_UP_TIME
        try:
            trial = self.trials.of(self.drawing.request(drawn))
            for _ in range(WARM_UP):
                self.trials.take(trial)
                if self.sender.now() > until:
                    break
        except (SpecError, Enough):
            return  # others can be sent, perhaps
        trial.times.clear()
        trial.errors.clear()

    def _name(self, drawn: Any) -> Hashable:
        try:
            return self.trials.of(self.drawing.request(drawn)).key
        except SpecError:
            return "unsendable", repr(drawn)

    def _score(self, drawn: Any) -> tuple[Hashable, float | None]:
        try:
            trial = self.trials.of(self.drawing.request(drawn))
            return trial.key, self.trials.score(trial)
        except SpecError as error:
            self.unsendable.append(str(error))
            return self._name(drawn), None

    def _slowest(self, ok: list[Trial]) -> tuple[Trial, float]:
        """The slowest of those that were the slowest when they were tried, and its latency now."""
        finalists = sorted(ok, key=lambda trial: trial.latency, reverse=True)[:CANDIDATES]
        if not any(trial.unanswered for trial in finalists):
            again = self.trials.fresh(finalists, LOOKS)
            order = sorted(range(len(finalists)), key=again.__getitem__, reverse=True)
            finalists = [finalists[place] for place in order[:FINALISTS]]
        if any(trial.unanswered for trial in finalists):
            finalists = finalists[:1]  # each meeting is as long as the patience
        latencies = self.trials.fresh(finalists, 1 if finalists[0].unanswered else MEETINGS)
        best = finalists[max(range(len(finalists)), key=latencies.__getitem__)]
        if best.unanswered:
            return best, best.latency
        [latency] = self.trials.fresh([best], MEETINGS)  # the longest of several medians is too long
        return best, latency

    def _shrunk(self, slowest: Trial, latency: float) -> Trial:
        keeping = self._shrink(Keeping(self.trials, slowest, latency))
        numbers = traded(slowest.request, keeping.simplest.request)
        if numbers and self._is_less(keeping.simplest, slowest, SAME):
            keeping = self._shrink(Keeping(self.trials, slowest, latency, numbers))
        if keeping.simplest is not slowest and self._is_less(keeping.simplest, slowest, LOST):
            self.notes.append("it was not shrunk: simpler requests were as slow for a moment only")
            return slowest
        return keeping.simplest

    def _shrink(self, keeping: Keeping) -> Keeping:
        def accepts(drawn: Any) -> bool:
            try:
                return keeping(self.trials.of(self.drawing.request(drawn)))
            except SpecError:
                return False

        corpus = self.search.shrink(keeping.slowest.key, self._name, accepts)
        self.corpus = corpus or self.corpus
        return keeping

    def _is_less(self, one: Trial, other: Trial, share: float) -> bool:
        """Whether one request takes less than that share of the other's time, measured side by side."""
        if one.unanswered or other.unanswered:
            return False
        latencies = self.trials.fresh([one, other], MEETINGS)
        return latencies[0] < share * latencies[1]

    def _typical(self) -> Trial:
        """A request with the median latency, of those that were drawn before Hypothesis went after the slow ones."""
        first = dict.fromkeys(name for name, _ in self.search.history[: max(1, self.examples // 2)])
        drawn = [self.trials.each[name] for name in first if name in self.trials.each]
        known = [trial for trial in drawn if trial.latency] or [
            trial for trial in self.trials.each.values() if trial.latency
        ]
        middle = median_low(trial.latency for trial in known)
        return next(trial for trial in known if trial.latency == middle)

    def _broken(self) -> tuple[Broken, ...]:
        found = [trial for trial in self.trials.each.values() if trial.fails]
        found.sort(key=lambda trial: (len(repr(trial.request)), repr(trial.request)))
        return tuple(Broken(trial.request, trial.errors[0].why or trial.errors[0].outcome) for trial in found)

    def _told(self) -> list[str]:
        found = [*self.notes]
        if self.search.strayed:
            found.append(
                "it was not shrunk: the strategy does not draw the same examples twice from one seed"
            )
        if self.unsendable:
            found.append(
                f"{len(self.unsendable)} examples were no requests that can be sent, first: {self.unsendable[0]}"
            )
        if self.began + self.time <= self.sender.now():
            found.append("max_time ended it")
        return found

    def _nothing(self) -> Quarry:
        broken = self._broken()
        if not broken:
            why = (
                self.unsendable[0]
                if self.unsendable
                else "time or requests were used up before the first answer"
            )
            raise Unsendable(f"{self.drawing.call}: not one request was sent: {why}")
        return self.so_far()
