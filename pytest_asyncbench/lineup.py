"""Who is still in a race while it goes on: those who fail are out, those who lose are dropped at the looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pytest_asyncbench.errors import UnknownValue
from pytest_asyncbench.judging import HOPELESS_ERRORS
from pytest_asyncbench.measure.answers import Answers
from pytest_asyncbench.measure.complaints import starving
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.failures import describe_failures
from pytest_asyncbench.measure.progress import Progress
from pytest_asyncbench.metrics import Metric, metric
from pytest_asyncbench.verdict.race import Rules, Standing, after, ranked


def failing(answers: Mapping[str, Answers], limit: float) -> dict[str, str]:
    """The variants that cannot race, of those that were looked at: most of what they answered was not ok."""
    found = {}
    for name, seen in answers.items():
        failed = seen.number - seen.ok
        if not seen.number:
            found[name] = f"{name}: not one request was answered"
        elif failed > (limit + HOPELESS_ERRORS) * seen.number:
            statuses = ", ".join(f"{number} x {status}" for status, number in seen.statuses.items())
            found[name] = f"{name}: {failed} of {seen.number} answers were not ok (status {statuses})"
    return found


@dataclass(slots=True)
class Lineup:
    """Who is still in a race, while it goes on: `running` says it before every round, and looks where a look is due.

    `limit` is the share of failed requests above which a variant is out; `out` says why one is.
    """

    rules: Rules
    standing: Standing
    judged: Metric
    limit: float
    out: dict[str, str] = field(default_factory=dict)

    def running(self, evidence: Evidence) -> Sequence[str]:
        """The variants of the next round; none when it is over."""
        self._put_out_failing(evidence, self.limit + HOPELESS_ERRORS)
        if not evidence.unrest and self._is_due(evidence):
            self._put_out_failing(evidence, self.limit)
            for name in self.standing.running:
                if text := starving(evidence, name):
                    self.put_out(name, text)
            self.standing = after(self.standing, self._values(evidence), self.rules)
        return () if self.standing.over else self.standing.running

    def put_out(self, variant: str, why: str) -> None:
        """A variant cannot be measured; the others go on."""
        if variant not in self.out and variant in self.standing.running:
            self.out[variant] = why
            self.standing = self.standing.without(variant)

    def finish(self, evidence: Evidence) -> Standing:
        """The standing when no more rounds will come: those that are left in the order of all their rounds."""
        self._put_out_failing(evidence, self.limit)
        values = self._values(evidence)
        if evidence.rounds and self.standing.running:
            order = ranked({name: values[name] for name in self.standing.running}, self.judged.more_is_better)
            self.standing = replace(self.standing, running=order)
        return self.standing

    def _is_due(self, evidence: Evidence) -> bool:
        known = min((len(evidence.data(name)) for name in self.standing.running), default=0)
        return any(self.standing.rounds < rounds <= known for rounds, _ in self.rules.looks)

    def _values(self, evidence: Evidence) -> dict[str, list[float]]:
        """The values of those that run; who has one that cannot be ranked is out."""
        values = {}
        for name in self.standing.running:
            try:
                found = [self.judged.read(datum) for datum in evidence.data(name)]
            except UnknownValue as error:
                self.put_out(name, f"{name}: {error}")
                continue
            if not all(0 < value < float("inf") for value in found):
                self.put_out(name, f"{name}: a slot without one usable {self.judged.name}")
                continue
            values[name] = found
        return values

    def _put_out_failing(self, evidence: Evidence, limit: float) -> None:
        for name in self.standing.running:
            slots = evidence.slots(name)
            if slots and metric("errors").read(slots) > limit:
                self.put_out(name, describe_failures(evidence, name))


@dataclass(slots=True)
class RaceProgress(Progress):
    """Tells how many are left instead of the first variant's rate, which may have been dropped long ago."""

    shown: Progress
    lineup: Lineup

    def warming(self, variant: str, seconds: float) -> None:
        self.shown.warming(variant, seconds)

    def slot(self, variant: str, round_number: int, evidence: Evidence | None) -> None:
        self.shown.slot(f"{len(self.lineup.standing.running)} left, {variant}", round_number, None)

    def done(self) -> None:
        self.shown.done()
