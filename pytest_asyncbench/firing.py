"""One load call under way: the servers are looked at, put under load, and judged; close verdicts are confirmed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_asyncbench.baseline.comparing import incomparable
from pytest_asyncbench.baseline.opposite import Opposite, again, opposite, widened
from pytest_asyncbench.diagnosis.distance import in_budget
from pytest_asyncbench.diagnosis.fairness import OF_THE_REQUEST
from pytest_asyncbench.diagnosis.taken import taken
from pytest_asyncbench.errors import NotComparable
from pytest_asyncbench.examining import examine
from pytest_asyncbench.judging import Judgement, decided, error_limit, judge_all
from pytest_asyncbench.launching import (
    Launches,
    bare_is_undecided,
    confirm,
    needs_fresh_launches,
    sample_launches,
    sample_once,
)
from pytest_asyncbench.marks import is_built_in
from pytest_asyncbench.measure.counting import Counting
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.goal import Goal
from pytest_asyncbench.measure.provenance import Commit, provenance_of
from pytest_asyncbench.measure.sampling import ROUNDS_WITHOUT_STATEMENTS, one_request
from pytest_asyncbench.measure.schedule import draw_seed
from pytest_asyncbench.measure.subject import Subject
from pytest_asyncbench.measure.supply import Supply
from pytest_asyncbench.measure.watching import Watcher
from pytest_asyncbench.metrics import Metric, metric
from pytest_asyncbench.servers.instance import Instance
from pytest_asyncbench.subjects import subject_of
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.samples import SlotResult
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.statements import Statement

if TYPE_CHECKING:
    from pytest_asyncbench.testcase import TestCase


@dataclass(slots=True)
class Firing:
    """A load call of `case` on its `subjects`, until the reading `until` of `time.monotonic`.

    `stated` is what the test states of it, `kept` the same with a kept run's values; `notices` go into the report.
    `supply` goes on with what an attempt before has sent. `old` are the servers of another revision that take part, and
    `wide` the plan for all. `measured` is what was found, before it is judged.
    """

    case: TestCase
    plan: LoadPlan
    subjects: Sequence[Subject]
    stated: Sequence[Statement]
    kept: Sequence[Statement]
    notices: Sequence[str]
    until: float
    supply: Supply | None = None
    measured: Evidence | None = None
    seed: int = field(init=False)
    wide: LoadPlan = field(init=False)
    old: Opposite = field(init=False)
    statements: Sequence[Statement] = field(init=False)
    effort: Effort = field(init=False)

    def __post_init__(self) -> None:
        given = self.case.settings.seed
        self.seed = draw_seed() if given is None else given
        self.wide = widened(self.plan, self.case.counterparts)
        self.supply = self.supply or Supply(self.wide, self.seed, self.until)
        self.old = self._opposite(self.supply)
        self.statements = [*self.old.statements, *self.kept]
        self.effort = self._effort()

    def run(self) -> tuple[Evidence, tuple[Judgement, ...]]:
        """Everything that was found, and what the statements came to.

        Raises NotComparable if a server of another revision broke what was measured; what was is `measured` then.
        """
        began = time.monotonic()
        counting = self._looked_at()
        launches = self._launches(counting)
        bare = needs_fresh_launches(self.statements, launches.allowance)
        if counting.suffices(self._metrics()):
            found = counting.evidence(time.monotonic() - began)
        elif bare and not launches.impossible:
            found = sample_launches(self._everyone(), self.statements, self.effort, self._goal(), launches)
        else:
            found = sample_once(self._everyone(), self._goal(), launches)
        evidence = replace(counting.finish(found), plan=launches.plan, references=self.old.names)
        evidence = self.measured = replace(evidence, complaints=(*evidence.complaints, *taken(evidence)))
        self._require_comparable(evidence)
        evidence, judgements = self._judged(evidence, launches, bare)
        return self._surrounded(evidence), tuple(self._with_distance(item, evidence) for item in judgements)

    def _with_distance(self, judgement: Judgement, evidence: Evidence) -> Judgement:
        """A verdict on a latency says whether the network is in it."""
        names = (judgement.variant,) if judgement.variant else evidence.own
        known = [time for name in names for time in evidence.round_trips(name)]
        text = in_budget(judgement.statement, known, self.plan.keepalive)
        return replace(judgement, details=(*judgement.details, text)) if text else judgement

    def _judged(
        self, evidence: Evidence, launches: Launches, bare: bool
    ) -> tuple[Evidence, tuple[Judgement, ...]]:
        """The verdicts; those in doubt are confirmed on fresh launches."""
        judgements = judge_all(evidence, self.statements, self.effort)
        if not bare:
            evidence, judgements = confirm(evidence, judgements, self.effort, self._goal(), launches)
            self._require_comparable(evidence.confirming)
        elif launches.impossible:
            judgements = tuple(bare_is_undecided(item, launches) for item in judgements)
        return evidence, judgements

    def _looked_at(self) -> Counting:
        """What is counted exactly, on bursts that are sent now; and whether the variants can be compared at all."""
        judged = self._metrics()
        rows_read = "rows_read_per_request" in judged
        agent = self.case.stage.agent()
        counting = Counting(
            agent, self._everyone(), self.wide, self.seed, rows_read=rows_read, given=self.supply
        )
        self.case.count_ok(self.wide, counting.ok)
        # Who allows errors means that there may be some.
        differs = (
            self.plan.differs | (judged & {"errors"}) | (OF_THE_REQUEST if self.plan.compared else set())
        )
        stop = self.case.cancelled.is_set
        examined = examine(self.subjects, self.plan, counting, differs, stop, self.old.by_variant)
        self.case.count_ok(self.plan, examined.ok)
        counting.complaints += examined.complaints
        counting.refused |= examined.refused
        counting.notes += [*examined.notes, *self.notices]
        return counting

    def _everyone(self) -> list[Subject]:
        return [*self.subjects, *self.old.subjects]

    def _metrics(self) -> set[str]:
        """The metrics that were written down to be judged."""
        return {statement.metric for statement in self.statements if not is_built_in(statement)}

    def _effort(self) -> Effort:
        settings = self.case.settings
        sampled = any(metric(statement.metric).kind == "sampled" for statement in self.statements)
        most = self.plan.rounds or settings.defaults.get("rounds") or 30
        allowance = self._allowance()
        if needs_fresh_launches(self.statements, allowance):
            allowance = 1.0  # every datum has launches of its own
        return Effort(settings.confidence, most if sampled else self._without(), allowance)

    def _allowance(self) -> float:
        """The factor by which launches may differ; 1 for requests compared on one server: its launch is theirs."""
        shared = self.plan.compared and not self.old.subjects
        return 1.0 if shared else self.case.settings.launch_allowance

    def _without(self) -> int:
        """Rounds of a call about which nothing is stated that takes rounds to decide."""
        return self.plan.rounds or ROUNDS_WITHOUT_STATEMENTS

    def _goal(self) -> Goal:
        judged = [metric(statement.metric) for statement in self.statements]
        hardest: Metric = max(judged, key=lambda entry: entry.needed_answers, default=metric("rps"))
        return Goal(
            cap=self.effort.max_rounds,
            decided=lambda evidence: decided(evidence, self.statements, self.effort, self._without()),
            answers=hardest.needed_answers,
            metric=hardest.name,
        )

    def _surrounded(self, evidence: Evidence) -> Evidence:
        surroundings = (*self.case.stage.surroundings(), *self.old.surroundings)
        known = provenance_of(self._everyone(), self.case.stage.postgresql(), self._commits())
        notes = (*evidence.notes, *self.old.notes)
        return replace(evidence, surroundings=surroundings, notes=notes, provenance=known)

    def _commits(self) -> dict[str, Commit]:
        """The variants that belong to another revision, each with that."""
        if self.case.counterparts is None:
            return {}
        revision = self.case.counterparts.revision
        return dict.fromkeys(self.old.names, Commit(revision.name, revision.commit))

    # Fresh launches.

    def _launches(self, counting: Counting) -> Launches:
        """How the servers are started anew, for verdicts about pairs of them."""
        case, alone = self.case, not self.old.subjects

        def relaunch() -> list[Subject]:
            case.stage.relaunch()
            return [*case.subjects(self.plan), *again(case.counterparts, self.old, self._old_subject)]

        return Launches(
            agent=case.stage.agent(),
            relaunch=relaunch,
            progress=lambda plan: case.watch(self.statements, self.effort, plan),
            supply=counting.supply,
            plan=self.plan if alone else self.wide,
            seed=counting.seed,
            until=self.until,
            allowance=self._allowance(),
            impossible=self._no_relaunch(),
        )

    def _no_relaunch(self) -> str:
        """Why the servers cannot be started anew, in words; empty if they can."""
        if self.plan.duration is not None:
            return "duration= measures one launch: leave it out, and it is confirmed on fresh ones"
        foreign = [name for name, spec in self.case.specs.items() if spec.url is not None]
        return f"{', '.join(foreign)} is not ours to start anew" if foreign else ""

    # The servers of another revision.

    def _opposite(self, supply: Supply) -> Opposite:
        def ask(subject: Subject) -> SlotResult:
            result = one_request(self.case.stage.agent(), subject, self.wide, supply)
            self.case.count_ok(self.wide, {subject.variant: result.ok_total})
            return result

        return opposite(self.case.counterparts, self.subjects, self.stated, self._old_subject, ask)

    def _old_subject(self, name: str, instance: Instance, watcher: Watcher | None) -> Subject:
        return replace(subject_of(name, instance, watcher, self.wide), is_reference=True)

    def _require_comparable(self, evidence: Evidence | None) -> None:
        """Raise NotComparable if a counterpart broke what was measured, which is then known of it."""
        counterparts = self.case.counterparts
        if evidence is None or counterparts is None:
            return
        broken = incomparable(evidence, error_limit(self.statements))
        for name, why in broken.items():
            counterparts.give_up(name, why)
        if broken:
            raise NotComparable(", ".join(broken))
