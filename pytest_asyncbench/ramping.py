"""The live path of `load.ramp`: plateau after plateau on the test's server, until errors end it; then the verdicts."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from pytest_asyncbench.diagnosis.distance import distance
from pytest_asyncbench.errors import SpecError, UnknownValue
from pytest_asyncbench.judging import Judgement, error_limit
from pytest_asyncbench.marks import holding
from pytest_asyncbench.measure import complaints
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.failures import describe_failures
from pytest_asyncbench.measure.goal import Goal
from pytest_asyncbench.measure.provenance import Provenance, provenance_of
from pytest_asyncbench.measure.ramp import hysteresis
from pytest_asyncbench.measure.ramp_run import Ascent, Ramp, pooled
from pytest_asyncbench.measure.run import Run
from pytest_asyncbench.measure.sampling import sample
from pytest_asyncbench.measure.schedule import draw_seed
from pytest_asyncbench.measure.subject import Subject
from pytest_asyncbench.metrics import OF_THE_SERVER, Metric, metric
from pytest_asyncbench.testcase import Record, TestCase
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.ramp_plan import RampPlan
from pytest_asyncbench.units import show_seconds
from pytest_asyncbench.verdict.budget import judge_count
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.statements import Budget, Refused, SinceBaseline, Statement

TRACE = 1.2
"""Factor between the latencies before and after a ramp from which on the note says that it left a trace."""


def fire_ramp(case: TestCase, plan: RampPlan) -> Ramp:
    """Put the test's server under ascending load, judge what is stated, and keep the record.

    Raises SpecError, before anything is sent, for a test with several servers and for statements that a ramp
    cannot keep.
    """
    statements = holding(case.statements, plan.first.name)
    _check(case, statements)
    if case.settings.smoke:
        return _smoke(case, plan)
    climb = _Climb(case, plan, error_limit(statements))
    ramp = climb.ramp([statement for statement in statements if _is_latency(statement)])
    judgements = [judgement for statement in statements for judgement in judge_ramp(ramp, statement)]
    first = ramp.steps[0] if ramp.steps else climb.run_of(climb.warmed)
    case.records.append(Record(first, tuple(judgements), ramp))
    return ramp


def judge_ramp(ramp: Ramp, statement: Statement) -> list[Judgement]:
    """What a budget came to on a ramp.

    A ramp is there to find where a budget breaks, so a latency budget is kept if it is kept at the lowest plateaus.
    Errors are counted below the cliff, and at the lowest plateau in any case.
    """
    if not isinstance(statement, Budget):
        return []
    server = ramp.steps[0].variants[0] if ramp.steps else ""
    if ramp.complaints:
        return [Judgement(statement, server, "INVALID", "; ".join(ramp.complaints))]
    if not ramp.steps:
        return [Judgement(statement, server, "INCONCLUSIVE", "max_time was over before the first plateau")]
    if statement.metric == "errors":
        return [_judge_errors(ramp, statement, server)]
    try:
        limit = ramp.limit_of(statement)
    except UnknownValue as error:
        return [Judgement(statement, server, "FAIL" if "broken" in str(error) else "INVALID", str(error))]
    broken = f", broken at {limit.high:g}" if limit.high < math.inf else ""
    return [Judgement(statement, server, "PASS", f"kept up to {ramp.plan.told(limit.value)}{broken}")]


def is_stalled(evidence: Evidence) -> bool:
    """Whether a server let its users wait so long that in some slot none of them could send anything, or some of them
    for ever."""
    samples = [slot.samples for slot in evidence.slots(evidence.variants[0])]
    at_fault = any(each.complaints for each in samples)  # then it may be the load agent's doing
    return not at_fault and (any(not each.outcome for each in samples) or bool(complaints.starved(evidence)))


def _judge_errors(ramp: Ramp, budget: Budget, server: str) -> Judgement:
    counted = pooled(
        [evidence for ascent in ramp.ascents for evidence in ascent.plateaus[: max(1, ascent.healthy)]]
    )
    judged = metric("errors")
    value = judged.read(counted.slots(server))
    verdict = judge_count(budget, value, rounds=len(counted.rounds), show=judged.show)
    failures = f"; {describe_failures(counted, server)}" if verdict.outcome == "FAIL" else ""
    return Judgement(budget, server, verdict.outcome, f"{verdict.why}, below the cliff{failures}", verdict)


def _check(case: TestCase, statements: Iterable[Statement]) -> None:
    if len(case.specs) > 1:
        raise SpecError(
            f"load.ramp is about one server, and the test has several ({', '.join(case.specs)}); "
            'run it once for each: parametrize("server", [spec, ...], indirect=True)'
        )
    for statement in statements:
        if isinstance(statement, Refused):
            raise SpecError(f"{statement}: before a ramp nothing is looked at; say it of another verb")
        if isinstance(statement, SinceBaseline):
            raise SpecError(
                f"{statement}: that is about one load, and a ramp has many; name the run that it holds for, "
                'no_regression(..., run="name")'
            )
        if isinstance(statement, Budget) and not (statement.metric == "errors" or _is_latency(statement)):
            raise SpecError(
                f"budget({statement.metric}=...) is about one load, and a ramp has many; "
                f'name the run that it holds for, budget(..., run="name"), or assert it of one of ramp.steps'
            )


def _is_latency(statement: Statement) -> bool:
    return isinstance(statement, Budget) and _is_time(metric(statement.metric))


def _is_time(entry: Metric) -> bool:
    return entry.unit == "s" and entry.name not in OF_THE_SERVER


def _smoke(case: TestCase, plan: RampPlan) -> Ramp:
    """One checked request; the ramp has its plateaus, and finds nothing."""
    run = case.fire(plan.first)
    plateaus = tuple(run.evidence for _ in plan.loads)
    return Ramp(plan, [Ascent(plan.loads, plateaus)], lambda _: run, smoke=True)


@dataclass(slots=True)
class _Climb:
    """One ramp while it is measured. `limit` is the share of failed requests above which a plateau is a cliff."""

    case: TestCase
    plan: RampPlan
    limit: float
    notes: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    effort: Effort = field(init=False)
    seed: int = field(init=False)
    deadline: float = field(init=False)
    subjects: Sequence[Subject] = field(init=False)
    provenance: Provenance = field(init=False)
    warmed: Evidence = field(init=False)

    def __post_init__(self) -> None:
        settings = self.case.settings
        self.effort = Effort(settings.confidence)
        self.seed = draw_seed() if settings.seed is None else settings.seed
        self.subjects = self.case.subjects(self.plan.first)
        self.provenance = provenance_of(self.subjects, self.case.stage.postgresql())
        self.deadline = min(time.monotonic() + self.plan.first.max_time, self.case.ends)

    def ramp(self, budgets: Sequence[Statement]) -> Ramp:
        """Warm up, climb as often as asked, look back."""
        warm_up = self.plan.at(self.plan.middle, max_time=self._left())
        self.warmed = self._sampled(warm_up, Effort(self.effort.confidence), rounds=False)
        self.notes += self.warmed.notes
        ascents: list[Ascent] = []
        while len(ascents) < self.plan.repeats and not self.complaints and not self._is_late(ascents):
            ascents.append(self._ascend())
        ascents = [ascent for ascent in ascents if ascent.loads]
        found = Ramp(
            self.plan,
            ascents,
            self.run_of,
            budgets=[budget for budget in budgets if isinstance(budget, Budget)],
            complaints=self.complaints,
        )
        found.notes = (*self.notes, *self._look_back(found), *_far(ascents))
        return found

    def run_of(self, evidence: Evidence) -> Run:
        """The Run of a plateau."""
        return Run(evidence, effort=self.effort, ok=dict(self.case.ok))

    def _ascend(self) -> Ascent:
        loads: list[float] = []
        plateaus: list[Evidence] = []
        for load in self.plan.loads:
            if self._is_late(loads):
                break
            evidence = self._plateau(load)
            if self._fails(evidence) and not self.complaints:
                evidence, again = self._seen_twice(load, evidence)
            else:
                again = False
            if evidence.rounds:
                loads.append(load)
                plateaus.append(evidence)
            if again or self.complaints:
                return Ascent(tuple(loads), tuple(plateaus), again)
        return Ascent(tuple(loads), tuple(plateaus))

    def _seen_twice(self, load: float, evidence: Evidence) -> tuple[Evidence, bool]:
        """The plateau measured once more, and whether it failed again: one bad moment is no cliff."""
        once_more = self._plateau(load)
        both = pooled([evidence, once_more])
        if not self._fails(once_more):
            self.notes.append(
                f"at {self.plan.told(load)} requests failed, and did not when it was measured again: no cliff"
            )
            return both, False
        return both, True

    def _plateau(self, load: float) -> Evidence:
        """Settle (a slot that is not kept), then measure."""
        plan = self.plan.at(load, warmup=0.0, max_time=self._left())
        evidence = self._sampled(plan, self.effort)
        if load > self.plan.loads[0] and is_stalled(evidence):
            return replace(
                evidence, complaints=()
            )  # all its users wait for answers: no broken measurement, a cliff
        self.complaints += [f"at {self.plan.told(load)}: {text}" for text in evidence.complaints]
        return evidence

    def _sampled(self, plan: LoadPlan, effort: Effort, rounds: bool = True) -> Evidence:
        goal = Goal(effort.max_rounds if rounds else 0, lambda _: False)
        watch = self.case.watch((), effort, plan)
        found = sample(self.case.stage.agent(), self.subjects, plan, goal, self.seed, watch)
        for variant in found.variants:
            self.case.ok[variant] += found.ok(variant)
        if not rounds:
            self.complaints += found.complaints
        return replace(found, surroundings=self.case.stage.surroundings(), provenance=self.provenance)

    def _fails(self, evidence: Evidence) -> bool:
        if not evidence.rounds:
            return False
        return (
            is_stalled(evidence) or metric("errors").read(evidence.slots(evidence.variants[0])) > self.limit
        )

    def _left(self) -> float:
        return max(0.0, self.deadline - time.monotonic())

    def _is_late(self, done: Sequence[object]) -> bool:
        """Whether another plateau would not fit into the time."""
        late = self._left() < (self.plan.first.duration or 0.0) + self.plan.first.slot
        if late:
            self.notes.append(f"max_time ended the ramp after {len(done)} of its plateaus or repeats")
        return late

    def _look_back(self, ramp: Ramp) -> list[str]:
        """The lowest plateau once more, after all others: whether the load in between has left a trace."""
        order = (
            f"plateaus in ascending order{f', {self.plan.repeats} times' if self.plan.repeats > 1 else ''}"
        )
        if self.complaints or not ramp.loads or self._left() < (self.plan.first.duration or 0.0):
            return [order]
        load = ramp.loads[0]
        evidence = self._plateau(load)
        if self.complaints or not evidence.rounds:
            return [order]
        return [f"{order}; {_trace(ramp, load, evidence)}"]


def _far(ascents: Sequence[Ascent]) -> list[str]:
    """What every latency holds of the network between the agents and the server, if it is worth a word."""
    seen = [evidence for ascent in ascents for evidence in ascent.plateaus][:1]
    far = [distance({name: each.round_trips(name) for name in each.variants}) for each in seen]
    return [f"{text}, in every latency" for text in far if text]


def _trace(ramp: Ramp, load: float, evidence: Evidence) -> str:
    before, after = ramp.plateau(load, ramp.ascents[0].plateaus[0]), ramp.plateau(load, evidence)
    factor = hysteresis(before, after)
    figures = f"mean {show_seconds(after.mean)}, before {show_seconds(before.mean)}"
    seen = f"{ramp.plan.told(load)} again afterwards: {figures}"
    if factor > TRACE:
        return f"{seen}: the server has not recovered from the load"
    return f"{seen}: it was not warm before" if factor < 1 / TRACE else f"{seen}: no hysteresis"
