"""What `load.race` returns: the best variant, the others in their order, and what could not be told from the best."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from pytest_asyncbench.errors import AsyncBenchError, Inconclusive, UnknownValue
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.interval import Interval, interval
from pytest_asyncbench.measure.run import Run, VariantRun
from pytest_asyncbench.measure.value import Measure
from pytest_asyncbench.metrics import Metric
from pytest_asyncbench.traffic.race_plan import RacePlan
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.race import Drop, Standing

Fate: TypeAlias = Literal["best", "tie", "dropped", "out", "unranked"]
"""tie: it cannot be told from the best; dropped: it is worse than another one, with evidence; out: it failed; unranked:
the race does not say."""

AGAIN = "measured again"


@dataclass(frozen=True, slots=True)
class Lane:
    """One variant of a race: its `rank` (from 1; None if it is out), and its value over that of the best.

    `low` and `high` are the interval of this `ratio` (0 and inf: too few rounds), all of it from the `rounds` that both
    were in. `why` it has this fate, in words.
    """

    variant: str
    rank: int | None
    fate: Fate
    ratio: float
    low: float
    high: float
    rounds: int
    why: str


class Race:
    """The result of `load.race`.

    `best` is the variant with the best estimate of those that were not dropped, `ties` are the others of them, the best
    first; `ranking` has all that were ranked, and `out` says of each that failed why. They raise UnknownValue, or
    Inconclusive, with the reason, where a race does not say.

    `race["w2_t5"]` are the values of a variant: of the best those that were measured again on fresh launches
    (`again`), since the best of many has had luck; of the others those of the race (`run`).
    `race.ratio("w2_t5", "w1_t5")` compares two by the rounds of the race that both were in.
    """

    def __init__(
        self,
        plan: RacePlan,
        run: Run,
        standing: Standing,
        judged: Metric,
        by: float,
        *,
        again: Run | None = None,
        out: Mapping[str, str] | None = None,
        complaints: Sequence[str] = (),
        notes: Sequence[str] = (),
        smoke: bool = False,
    ) -> None:
        self.plan = plan
        self.run = run
        self.standing = standing
        self.metric = judged
        self.by = by
        self.again = again
        self.complaints = tuple(complaints)
        self.notes = tuple(notes)
        self._out = dict(out or {})
        self._smoke = smoke

    @property
    def name(self) -> str:
        """The name of the race: `name=`, or what it requested."""
        return self.plan.load.label

    @property
    def variants(self) -> tuple[str, ...]:
        """All that began, in the order of the test."""
        return self.run.variants

    @property
    def best(self) -> str:
        """The variant with the best estimate; `ties` cannot be told from it."""
        self._require_an_end()
        return self.standing.running[0]

    @property
    def ties(self) -> tuple[str, ...]:
        """Variants that cannot be told from the best, the best of them first."""
        self._require_an_end()
        return self.standing.running[1:]

    @property
    def ranking(self) -> tuple[str, ...]:
        """All variants that did not fail: the best, its ties, and who was dropped, by their ratio to the best."""
        self._require_an_end()
        return tuple(lane.variant for lane in self.lanes if lane.rank is not None)

    @property
    def out(self) -> Mapping[str, str]:
        """The variants that failed, each with the reason."""
        return self._out

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """Every variant in its place; those that are out come last. Empty where nothing was measured."""
        if self._smoke or not self.standing.running or (self.complaints and not self.run.evidence.rounds):
            return tuple(_out_lane(name, why, self.run.evidence) for name, why in self._out.items())
        best, *ties = self.standing.running
        effort = self.run.origin.effort
        lanes = [self._lane(best, "best", effort), *(self._lane(name, "tie", effort) for name in ties)]
        behind = [self._lane(drop.variant, "dropped", effort, drop) for drop in self.standing.dropped]
        behind = [lane for lane in behind if lane.variant not in self._out]
        lanes += sorted(behind, key=lambda lane: lane.ratio, reverse=self.metric.more_is_better)
        if self.why_not():
            ranked = [replace(lane, fate="unranked", why="") for lane in lanes]
        else:
            ranked = [replace(lane, rank=rank) for rank, lane in enumerate(lanes, 1)]
        return (*ranked, *(_out_lane(name, why, self.run.evidence) for name, why in self._out.items()))

    @property
    def slots(self) -> int:
        """Slots of load that were measured, those on fresh launches included."""
        both = [self.run.evidence, *([self.again.evidence] if self.again else [])]
        return sum(len(row) for evidence in both for row in evidence.rounds)

    @property
    def slots_without(self) -> int:
        """Slots that it takes to measure every variant to the end."""
        evidence = self.run.evidence
        return len(evidence.variants) * evidence.cap * evidence.merged

    @property
    def named_runs(self) -> Mapping[str, Run]:
        """Both runs under their names in reports."""
        again = {f"{self.name}, {AGAIN}": self.again} if self.again else {}
        return {self.name: self.run, **again}

    def ratio(self, a: str, b: str, metric: str | None = None) -> Measure:
        """A over B, from the rounds of the race that both were in. Raises UnknownValue, SpecError, KeyError."""
        return self.run.ratio(a, b, metric or self.metric.name)

    def __getitem__(self, variant: str) -> VariantRun:
        if self.again is not None and variant in self.again.variants:
            return self.again[variant]
        return self.run[variant]

    def __repr__(self) -> str:
        found = f"best {self.standing.running[0]}" if self.standing.running else "no best"
        ties = f", {len(self.standing.running) - 1} ties" if len(self.standing.running) > 1 else ""
        return f"<Race {self.name!r} of {len(self.variants)} variants: {found}{ties}>"

    def why_not(self) -> str:
        """Why there is no best, in words; empty if there is one."""
        try:
            self._require_an_end()
        except AsyncBenchError as error:
            return str(error)
        return ""

    def _require_an_end(self) -> None:
        if self._smoke:
            raise Inconclusive("a race: a smoke run sends one request per variant and ranks nothing")
        if self.complaints:
            raise UnknownValue(f"the race is INVALID: {'; '.join(self.complaints)}")
        if self.run.evidence.unrest:
            raise Inconclusive(f"the race has no end: {self.run.evidence.unrest}")
        if not self.run.evidence.rounds and len(self.standing.running) > 1:
            raise UnknownValue("max_time was over before the first round")

    def _lane(self, name: str, fate: Fate, effort: Effort, drop: Drop | None = None) -> Lane:
        best = self.standing.running[0]
        found = self._over_best(name, best, effort)
        rounds = len(self.run.evidence.data(name))
        margin = f"{(self.by - 1) * 100:.4g} %"
        if fate == "best":
            why = "" if len(self.standing.running) > 1 else "the only one that is left"
        elif drop is not None:
            why = f"after {drop.rounds}: {drop.better} is {drop.ratio:.3g} times as good"
        elif 1 / self.by < found.low and found.high < self.by:
            why = f"within {margin} of the best"
        else:
            why = "not told apart"
        return Lane(name, None, fate, found.centre, found.low, found.high, rounds, why)

    def _over_best(self, name: str, best: str, effort: Effort) -> Interval:
        if name == best:
            return Interval(1.0, 1.0, 1.0)
        evidence, read = self.run.evidence, self.metric.read
        try:
            pairs = [
                (read(own), read(its))
                for own, its in zip(evidence.data(name), evidence.data(best), strict=False)
            ]
        except UnknownValue:
            pairs = []
        ratios = [own / its if its else math.inf for own, its in pairs]
        return interval(ratios, effort) if ratios else Interval(math.nan, 0.0, math.inf)


def _out_lane(name: str, why: str, evidence: Evidence) -> Lane:
    return Lane(name, None, "out", math.nan, 0.0, math.inf, len(evidence.data(name)), why)
