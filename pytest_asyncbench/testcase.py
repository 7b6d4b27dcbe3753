"""One test's state: its servers, what it states, and what its load calls found."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias

from pytest_asyncbench.baseline.counterparts import Counterparts, without_baseline
from pytest_asyncbench.baseline.kept_run import NONE, Baseline, Call, resolved
from pytest_asyncbench.errors import FailedExample, NotComparable, SpecError
from pytest_asyncbench.firing import Firing
from pytest_asyncbench.given import UNDECIDED, counted, is_example
from pytest_asyncbench.hunt.slowest import Slowest
from pytest_asyncbench.judging import (
    Judgement,
    Outcome,
    judge_all,
    worst,
    worth_telling,
)
from pytest_asyncbench.marks import holding
from pytest_asyncbench.measure.counting import Counting
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.progress import Progress
from pytest_asyncbench.measure.provenance import PostgreSQL, provenance_of
from pytest_asyncbench.measure.race_run import Race
from pytest_asyncbench.measure.ramp_run import Ramp
from pytest_asyncbench.measure.run import Run
from pytest_asyncbench.measure.sampling import one_request, one_slot
from pytest_asyncbench.measure.slot import Slot
from pytest_asyncbench.measure.subject import LoadAgent, Subject
from pytest_asyncbench.measure.supply import Supply
from pytest_asyncbench.measure.watching import Watcher
from pytest_asyncbench.metrics import metric
from pytest_asyncbench.servers.instance import Instance
from pytest_asyncbench.servers.spec import ServerSpec
from pytest_asyncbench.subjects import subject_of
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.verdict.clearance import LAUNCH_ALLOWANCE
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.statements import Statement, about, names_of


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of a session, as plain values. `seed` None draws a new one for every load call."""

    defaults: Mapping[str, Any]
    confidence: float = 0.95
    seed: int | None = None
    smoke: bool = False
    launch_allowance: float = LAUNCH_ALLOWANCE


@dataclass(frozen=True, slots=True)
class Record:
    """One load call of a test: the run, and what the statements came to. Of a ramp, `run` is its lowest plateau, of a
    race what the statements are about, of a hunt that of the slowest request."""

    run: Run
    judgements: tuple[Judgement, ...]
    ramp: Ramp | None = None
    slowest: Slowest | None = None
    race: Race | None = None

    @property
    def runs(self) -> Mapping[str, Run]:
        """The runs under the names of their figures: one, or one for each plateau of a ramp, or both of a race."""
        if self.race:
            return self.race.named_runs
        return self.ramp.named_steps if self.ramp else {self.run.name: self.run}


Watch: TypeAlias = Callable[[Sequence[Statement], Effort, LoadPlan], Progress]
"""Makes what is told of the progress of one load call."""


class Stage(Protocol):
    """Where a test's load comes from and goes to; made by the fixtures."""

    def agent(self) -> LoadAgent: ...

    def instances(self) -> Mapping[str, Instance]: ...

    def relaunch(self, only: Collection[str] | None = None) -> Mapping[str, Instance]: ...

    def logs(self) -> Mapping[str, str]: ...

    def watchers(self) -> Mapping[str, Watcher]: ...

    def surroundings(self) -> tuple[str, ...]: ...

    def postgresql(self) -> PostgreSQL | None: ...


@dataclass(slots=True)
class TestCase:
    """What is known of one test while it runs.

    `explained`: its failure has told everything that was found. `ends` is the reading of `time.monotonic` at which
    something outside (pytest-timeout) would end it. `undecided` counts comparisons in its body that had no answer.
    `cancelled` ends what runs outside of the load agent. `hunts` are those of examples of Hypothesis, by what they were
    for.
    """

    __test__ = False

    name: str
    specs: Mapping[str, ServerSpec]
    statements: Sequence[Statement]
    settings: Settings
    stage: Stage
    watch: Watch
    records: list[Record] = field(default_factory=list)
    ok: Counter[str] = field(default_factory=Counter)
    explained: bool = False
    ends: float = math.inf
    undecided: int = 0
    cancelled: threading.Event = field(default_factory=threading.Event)
    baseline: Baseline = NONE
    counterparts: Counterparts | None = None
    hunts: dict[str, Slowest] = field(default_factory=dict)

    def fire(self, plan: LoadPlan, supply: Supply | None = None) -> Run:
        """Put the test's servers under load as planned, judge what is stated, and keep the record.

        `supply` goes on with what an attempt before has sent.
        """
        began = time.monotonic()
        self.cancelled.clear()
        plan = replace(plan, max_time=max(0.0, min(plan.max_time, self.ends - began)))
        subjects = self.subjects(plan)
        stated = about(holding(self.statements, plan.name), [subject.variant for subject in subjects])
        if self.settings.smoke:
            return self._smoke(subjects, plan)
        kept, notices = self._since_kept(stated, self._call(subjects, plan))
        if is_example():
            return self._example(subjects, plan, counted(kept))
        firing = Firing(self, plan, subjects, stated, kept, notices, began + plan.max_time, supply)
        try:
            evidence, judgements = firing.run()
        except NotComparable:  # a counterpart; it is measured again without it
            if firing.measured is not None:
                self._count_all(firing.measured)
            left = max(0.0, firing.until - time.monotonic())
            return self.fire(replace(plan, max_time=left), firing.supply)
        run = self._run(evidence, firing.effort)
        self.records.append(Record(run, judgements))
        return run

    def subjects(self, plan: LoadPlan) -> list[Subject]:
        """The test's running servers, with the requests of a plan as they are sent to each."""
        instances, watchers = self.stage.instances(), self.stage.watchers()
        if plan.compared and len(instances) > 1:
            raise SpecError(
                f"load.compare is about requests to one server, and the test has several ({', '.join(instances)})"
            )
        names = [name for name, _ in plan.compared]
        pairs = [(name, server) for server in instances for name in names or [server]]
        return [subject_of(name, instances[server], watchers.get(server), plan) for name, server in pairs]

    def _since_kept(self, statements: Sequence[Statement], call: Call) -> tuple[list[Statement], list[str]]:
        """The statements, those about a baseline left out or made what a kept run says; and what is to be noted."""
        if self.counterparts is not None and not self.baseline.name:
            return without_baseline(statements), []
        return resolved(statements, self.baseline, call)

    def logs(self) -> Mapping[str, str]:
        """What each server wrote, by variant; those of another revision, too."""
        old = self.counterparts.logs() if self.counterparts is not None else {}
        return {**self.stage.logs(), **old}

    def outcome(self) -> Outcome:
        """What the whole test came to: INVALID > FAIL > INCONCLUSIVE > PASS."""
        return worst([judgement.outcome for record in self.records for judgement in record.judgements])

    def told(self) -> list[Judgement]:
        """Every judgement worth a line: all but the built-in limits that were kept."""
        return [judgement for record in self.records for judgement in worth_telling(record.judgements)]

    def unused(self) -> str | None:
        """Why the test's statements were not judged at all, in words; None if they were."""
        if self.settings.smoke:
            return None
        if not self.records:
            return (
                "the test states something about load and never fired any; call load.get(...) or another verb"
            )
        fired = {record.run.evidence.plan.name for record in self.records}
        named = {statement.run for statement in self.statements if statement.run is not None}
        for name in sorted(named - fired):
            return f"no load call was named {name!r}; write load.get(..., name={name!r})"
        return self._unmeasured()

    def _call(self, subjects: Sequence[Subject], plan: LoadPlan) -> Call:
        """A load call as a kept run knows it."""
        before = sum(record.run.name == plan.label for record in self.records)
        return Call(self.name, plan, {subject.variant: subject.spec for subject in subjects}, before)

    def _unmeasured(self) -> str | None:
        """Names of statements that no load call was about: those of `load.compare` are known only now."""
        measured = {name for record in self.records for name in record.run.variants}
        for statement in self.statements:
            for name in names_of(statement):
                if name not in measured:
                    return f"{statement}: no load call compared {name!r}; write load.compare({name}=request(...), ...)"
        return None

    def _smoke(self, subjects: Sequence[Subject], plan: LoadPlan) -> Run:
        slots = tuple(
            Slot(subject.variant, 1, one_request(self.stage.agent(), subject, plan)) for subject in subjects
        )
        evidence = Evidence(plan, {s.variant: s.spec for s in subjects}, (slots,), 0, 8)
        effort = Effort(self.settings.confidence)
        run = self._run(evidence, effort, smoke=True)
        errors = [statement for statement in self.statements if statement.metric == "errors"]
        broken = [item for item in judge_all(evidence, errors, effort) if item.outcome == "FAIL"]
        if broken:  # an answer that is not ok is no question of speed
            self.records.append(Record(run, tuple(broken)))
        return run

    def _example(self, subjects: Sequence[Subject], plan: LoadPlan, statements: Sequence[Statement]) -> Run:
        """One short slot of each variant, judged at once; only the last such call of its name is kept for the report.

        Raises FailedExample.
        """
        evidence = one_slot(self.stage.agent(), subjects, plan, self.settings.seed or 0)
        effort = Effort(self.settings.confidence)
        if any(metric(statement.metric).is_exact for statement in statements):
            seed = self.settings.seed or 0
            rows_read = any(statement.metric == "rows_read_per_request" for statement in statements)
            counting = Counting(self.stage.agent(), subjects, plan, seed, rows_read=rows_read)
            self.count_ok(plan, counting.ok)
            evidence = counting.finish(evidence)
        known = provenance_of(subjects, self.stage.postgresql())
        evidence = replace(evidence, surroundings=self.stage.surroundings(), provenance=known)
        run = self._run(evidence, effort, caution=UNDECIDED)
        judged = judge_all(evidence, statements, effort)
        self.records = [record for record in self.records if record.run.name != run.name]
        self.records.append(Record(run, judged))
        broken = [judgement for judgement in judged if judgement.outcome in ("FAIL", "INVALID")]
        if broken:
            texts = (f"{item.outcome} {item.statement}: {item.why}" for item in broken)
            raise FailedExample(f"{plan.label}: {'; '.join(texts)}")
        return run

    def count_ok(self, plan: LoadPlan, ok: Mapping[str, int]) -> None:
        """Count ok answers of variants; those to compared requests are the one server's, too."""
        for variant, number in ok.items():
            self.ok[variant] += number
            if plan.compared and not self._is_opposite(variant):
                self.ok.update(dict.fromkeys(self.specs, number))

    def _run(self, evidence: Evidence, effort: Effort, smoke: bool = False, caution: str = "") -> Run:
        self._count_all(evidence)
        return Run(evidence, effort=effort, ok=dict(self.ok), smoke=smoke, caution=caution)

    def _is_opposite(self, variant: str) -> bool:
        return self.counterparts is not None and variant.endswith(self.counterparts.of(""))

    def _count_all(self, evidence: Evidence) -> None:
        self.count_ok(evidence.plan, {variant: evidence.ok(variant) for variant in evidence.variants})


def require_specs(specs: Mapping[str, ServerSpec]) -> None:
    """Raise SpecError if the test has no server at all."""
    if not specs:
        raise SpecError(
            "the test uses load and has no server; add @pytest.mark.server(granian('app:wsgi', interface='wsgi')), "
            "@pytest.mark.variants(a=..., b=...), or asyncbench_server in ini"
        )
