"""One test's state: its servers, what it states, and what its load calls found."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias

from pytest_asyncbench.baseline.comparing import incomparable
from pytest_asyncbench.baseline.counterparts import Counterparts, without_baseline
from pytest_asyncbench.baseline.kept_run import NONE, Baseline, Call, resolved
from pytest_asyncbench.baseline.opposite import Opposite, SubjectOf, again, opposite, widened
from pytest_asyncbench.diagnosis.fairness import OF_THE_REQUEST
from pytest_asyncbench.diagnosis.taken import taken
from pytest_asyncbench.errors import FailedExample, NotComparable, SpecError
from pytest_asyncbench.examining import examine
from pytest_asyncbench.given import UNDECIDED, counted, is_example
from pytest_asyncbench.judging import (
    Judgement,
    Outcome,
    decided,
    error_limit,
    judge_all,
    worst,
    worth_telling,
)
from pytest_asyncbench.launching import (
    Launches,
    bare_is_undecided,
    confirm,
    needs_fresh_launches,
    sample_launches,
    sample_once,
)
from pytest_asyncbench.marks import holding, is_built_in
from pytest_asyncbench.measure.counting import Counting
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.ramp_run import Ramp
from pytest_asyncbench.measure.run import Run
from pytest_asyncbench.measure.sampling import (
    ROUNDS_WITHOUT_STATEMENTS,
    Goal,
    LoadAgent,
    Progress,
    Subject,
    one_request,
    one_slot,
)
from pytest_asyncbench.measure.schedule import draw_seed
from pytest_asyncbench.measure.slot import Slot
from pytest_asyncbench.measure.supply import Supply
from pytest_asyncbench.measure.watching import Watcher
from pytest_asyncbench.metrics import Metric, metric
from pytest_asyncbench.servers.instance import Instance
from pytest_asyncbench.servers.spec import ServerSpec
from pytest_asyncbench.traffic.flow import Flow, wire_flow
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.plan import Target, WireRequest
from pytest_asyncbench.traffic.requests import RequestDescription, encode
from pytest_asyncbench.traffic.samples import SlotResult
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
    """One load call of a test: the run, and what the statements came to. Of a ramp, `run` is its lowest plateau."""

    run: Run
    judgements: tuple[Judgement, ...]
    ramp: Ramp | None = None

    @property
    def runs(self) -> Mapping[str, Run]:
        """The runs under the names of their figures: one, or one for each plateau of a ramp."""
        return self.ramp.named_steps if self.ramp else {self.run.name: self.run}


Watch: TypeAlias = Callable[[Sequence[Statement], Effort, LoadPlan], Progress]
"""Makes what is told of the progress of one load call."""


class Stage(Protocol):
    """Where a test's load comes from and goes to; made by the fixtures."""

    def agent(self) -> LoadAgent: ...

    def instances(self) -> Mapping[str, Instance]: ...

    def relaunch(self) -> Mapping[str, Instance]: ...
    def watchers(self) -> Mapping[str, Watcher]: ...

    def surroundings(self) -> tuple[str, ...]: ...


@dataclass(slots=True)
class TestCase:
    """What is known of one test while it runs.

    `explained`: its failure has told everything that was found. `ends` is the reading of `time.monotonic` at which
    something outside (pytest-timeout) would end it. `undecided` counts comparisons in its body that had no answer.
    `cancelled` ends what runs outside of the load agent.
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

    def fire(self, plan: LoadPlan, supply: Supply | None = None) -> Run:
        """Put the test's servers under load as planned, judge what is stated, and keep the record.

        `supply` goes on with what an attempt before has sent.
        """
        began = time.monotonic()
        self.cancelled.clear()
        plan = replace(plan, max_time=max(0.0, min(plan.max_time, self.ends - began)))
        subjects = self.subjects(plan)
        statements = about(holding(self.statements, plan.name), [subject.variant for subject in subjects])
        if self.settings.smoke:
            return self._smoke(subjects, plan)
        kept, notices = self._since_kept(statements, self._call(subjects, plan))
        if is_example():
            return self._example(subjects, plan, counted(kept))
        seed = draw_seed() if self.settings.seed is None else self.settings.seed
        wide = widened(plan, self.counterparts)
        supply = supply or Supply(wide, seed, time.monotonic() + plan.max_time)
        old = self._opposite(wide, subjects, statements, supply)
        statements = [*old.statements, *kept]
        judged = _judged(statements)
        counting = self._counting([*subjects, *old.subjects], wide, judged, seed, supply)
        # Who allows errors means that there may be some.
        differs = plan.differs | (judged & {"errors"}) | (OF_THE_REQUEST if plan.compared else set())
        examined = examine(subjects, plan, counting, differs, self.cancelled.is_set, old.by_variant)
        self._add_ok(plan, examined.ok)
        counting.complaints += examined.complaints
        counting.notes += [*examined.notes, *notices]
        sampled = [statement for statement in statements if metric(statement.metric).kind == "sampled"]
        without = plan.rounds or ROUNDS_WITHOUT_STATEMENTS
        effort = Effort(
            self.settings.confidence,
            (plan.rounds or self.settings.defaults.get("rounds") or 30) if sampled else without,
        )
        goal = _goal(statements, effort, without)
        until = began + plan.max_time
        everyone = [*subjects, *old.subjects]
        launches = self._launches(plan, wide, old, statements, effort, counting, until)
        bare = needs_fresh_launches(statements, launches)
        evidence: Evidence | None = None
        try:
            if counting.suffices(judged):
                found = counting.evidence(time.monotonic() - began)
            elif bare and not launches.impossible:
                found = sample_launches(everyone, statements, effort, goal, launches)
            else:
                found = sample_once(everyone, goal, launches)
            evidence = replace(counting.finish(found), plan=launches.plan, references=old.names)
            evidence = replace(evidence, complaints=(*evidence.complaints, *taken(evidence)))
            self._require_comparable(evidence, statements)
            judgements = judge_all(evidence, statements, effort)
            if not bare:
                evidence, judgements = confirm(evidence, judgements, effort, goal, launches)
                self._require_comparable(evidence.confirming, statements)
            elif launches.impossible:
                judgements = tuple(bare_is_undecided(item, launches) for item in judgements)
        except NotComparable:  # a counterpart; it is measured again without it
            if evidence is not None:
                self._add_ok_of(evidence)
            return self.fire(replace(plan, max_time=max(0.0, until - time.monotonic())), supply)
        evidence = replace(
            evidence,
            surroundings=(*self.stage.surroundings(), *old.surroundings),
            notes=(*evidence.notes, *old.notes),
        )
        run = self._run(evidence, effort)
        self.records.append(Record(run, judgements))
        return run

    def _launches(
        self,
        plan: LoadPlan,
        wide: LoadPlan,
        old: Opposite,
        statements: Sequence[Statement],
        effort: Effort,
        counting: Counting,
        until: float,
    ) -> Launches:
        """How the test's servers are started anew, for verdicts about pairs of them; `wide` plans for `old`, too."""

        def relaunch() -> list[Subject]:
            self.stage.relaunch()
            return [*self.subjects(plan), *again(self.counterparts, old, self._subject_of(wide))]

        return Launches(
            agent=self.stage.agent(),
            relaunch=relaunch,
            progress=lambda plan: self.watch(statements, effort, plan),
            supply=counting.supply,
            plan=wide if old.subjects else plan,
            seed=counting.seed,
            until=until,
            # requests that are compared on one server share its launch
            allowance=1.0 if plan.compared and not old.subjects else self.settings.launch_allowance,
            impossible=self._no_relaunch(plan),
        )

    def _no_relaunch(self, plan: LoadPlan) -> str:
        """Why the servers cannot be started anew, in words; empty if they can."""
        if plan.duration is not None:
            return "duration= measures one launch: leave it out, and it is confirmed on fresh ones"
        foreign = [name for name, spec in self.specs.items() if spec.url is not None]
        return f"{', '.join(foreign)} is not ours to start anew" if foreign else ""

    def subjects(self, plan: LoadPlan) -> list[Subject]:
        """The test's running servers, with the requests of a plan as they are sent to each."""
        instances, watchers = self.stage.instances(), self.stage.watchers()
        if plan.compared and len(instances) > 1:
            raise SpecError(
                f"load.compare is about requests to one server, and the test has several ({', '.join(instances)})"
            )
        names = [name for name, _ in plan.compared]
        pairs = [(name, server) for server in instances for name in names or [server]]
        return [
            replace(_subject(name, instances[server], plan), watcher=watchers.get(server))
            for name, server in pairs
        ]

    def _since_kept(self, statements: Sequence[Statement], call: Call) -> tuple[list[Statement], list[str]]:
        """The statements, those about a baseline left out or made what a kept run says; and what is to be noted."""
        if self.counterparts is not None and not self.baseline.name:
            return without_baseline(statements), []
        return resolved(statements, self.baseline, call)

    def _opposite(
        self, plan: LoadPlan, subjects: Sequence[Subject], statements: Sequence[Statement], supply: Supply
    ) -> Opposite:
        """The servers of another revision that take part in a load call."""

        def ask(subject: Subject) -> SlotResult:
            result = one_request(self.stage.agent(), subject, plan, supply)
            self._add_ok(plan, {subject.variant: result.ok_total})
            return result

        return opposite(self.counterparts, subjects, statements, self._subject_of(plan), ask)

    def _subject_of(self, plan: LoadPlan) -> SubjectOf:
        def subject_of(name: str, instance: Instance, watcher: Watcher | None) -> Subject:
            return replace(_subject(name, instance, plan), watcher=watcher, is_reference=True)

        return subject_of

    def _require_comparable(self, evidence: Evidence | None, statements: Sequence[Statement]) -> None:
        """Raise NotComparable if a counterpart broke what was measured, which is then known of it."""
        if evidence is None or self.counterparts is None:
            return
        broken = incomparable(evidence, error_limit(statements))
        for name, why in broken.items():
            self.counterparts.give_up(name, why)
        if broken:
            raise NotComparable(", ".join(broken))

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
            counting = self._counting(subjects, plan, _judged(statements), self.settings.seed or 0)
            evidence = counting.finish(evidence)
        run = self._run(replace(evidence, surroundings=self.stage.surroundings()), effort, caution=UNDECIDED)
        judged = judge_all(evidence, statements, effort)
        self.records = [record for record in self.records if record.run.name != run.name]
        self.records.append(Record(run, judged))
        broken = [judgement for judgement in judged if judgement.outcome in ("FAIL", "INVALID")]
        if broken:
            texts = (f"{item.outcome} {item.statement}: {item.why}" for item in broken)
            raise FailedExample(f"{plan.label}: {'; '.join(texts)}")
        return run

    def _counting(
        self,
        subjects: Sequence[Subject],
        plan: LoadPlan,
        judged: Collection[str],
        seed: int,
        supply: Supply | None = None,
    ) -> Counting:
        """The bursts of a load call, sent."""
        rows_read = "rows_read_per_request" in judged
        counting = Counting(self.stage.agent(), subjects, plan, seed, rows_read=rows_read, given=supply)
        self._add_ok(plan, counting.ok)
        return counting

    def _add_ok(self, plan: LoadPlan, ok: Mapping[str, int]) -> None:
        """Count ok answers of variants; those to compared requests are the one server's, too."""
        for variant, number in ok.items():
            self.ok[variant] += number
            if plan.compared and not self._is_opposite(variant):
                self.ok.update(dict.fromkeys(self.specs, number))

    def _run(self, evidence: Evidence, effort: Effort, smoke: bool = False, caution: str = "") -> Run:
        self._add_ok_of(evidence)
        return Run(evidence, effort=effort, ok=dict(self.ok), smoke=smoke, caution=caution)

    def _is_opposite(self, variant: str) -> bool:
        return self.counterparts is not None and variant.endswith(self.counterparts.of(""))

    def _add_ok_of(self, evidence: Evidence) -> None:
        self._add_ok(evidence.plan, {variant: evidence.ok(variant) for variant in evidence.variants})


def _judged(statements: Sequence[Statement]) -> set[str]:
    """The metrics that were written down to be judged."""
    return {statement.metric for statement in statements if not is_built_in(statement)}


def _goal(statements: Sequence[Statement], effort: Effort, without: int) -> Goal:
    judged = [metric(statement.metric) for statement in statements]
    hardest: Metric = max(judged, key=lambda entry: entry.needed_answers, default=metric("rps"))
    return Goal(
        cap=effort.max_rounds,
        decided=lambda evidence: decided(evidence, statements, effort, without),
        answers=hardest.needed_answers,
        metric=hardest.name,
    )


def _subject(name: str, instance: Instance, plan: LoadPlan) -> Subject:
    plan = plan.of(name)
    spec = instance.spec.settled()
    host = spec.host_header or instance.netloc
    requests = () if plan.is_made_ahead else plan.requests
    wire = (
        plan if spec.keepalive is not False else replace(plan, keepalive=False)
    )  # it closes each one anyway
    return Subject(
        name,
        spec,
        _target(instance, spec, plan),
        tuple(_on_the_wire(item, wire, host, spec.scheme) for item in requests),
        lambda: instance.pids,
        instance.died,
        instance.startup,
        host,
        instance.cleared,
    )


def _on_the_wire(item: RequestDescription, plan: LoadPlan, host: str, scheme: str) -> WireRequest:
    if isinstance(item, Flow):
        return wire_flow(item, host=host, expect=plan.expect, scheme=scheme)
    return encode(item, host=host, expect=plan.expect, keepalive=plan.keepalive)


def _target(instance: Instance, spec: ServerSpec, plan: LoadPlan) -> Target:
    named = (spec.host_header or "").rpartition(":")[0] or spec.host_header or ""
    return Target(instance.host, instance.port, spec.scheme, plan.verify, named, instance.socket)


def require_specs(specs: Mapping[str, ServerSpec]) -> None:
    """Raise SpecError if the test has no server at all."""
    if not specs:
        raise SpecError(
            "the test uses load and has no server; add @pytest.mark.server(granian('app:wsgi', interface='wsgi')), "
            "@pytest.mark.variants(a=..., b=...), or asyncbench_server in ini"
        )
