"""The live path of `load.race`: rounds of all variants, from which losers are dropped; the winner measured again."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pytest_asyncbench.diagnosis.preflight import too_little_memory
from pytest_asyncbench.diagnosis.taken import taken
from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.examining import examine, look_at
from pytest_asyncbench.given import is_example
from pytest_asyncbench.judging import Judgement, error_limit, judge_all
from pytest_asyncbench.launching import ANOTHER
from pytest_asyncbench.lineup import Lineup, RaceProgress, failing
from pytest_asyncbench.marks import holding
from pytest_asyncbench.measure import usage
from pytest_asyncbench.measure.answers import Answers
from pytest_asyncbench.measure.counting import Counting
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.goal import Goal
from pytest_asyncbench.measure.progress import Progress
from pytest_asyncbench.measure.provenance import provenance_of
from pytest_asyncbench.measure.race_run import Race
from pytest_asyncbench.measure.ramp_run import pooled
from pytest_asyncbench.measure.run import Run
from pytest_asyncbench.measure.sampling import sample
from pytest_asyncbench.measure.schedule import draw_seed
from pytest_asyncbench.measure.subject import Subject
from pytest_asyncbench.measure.supply import Supply
from pytest_asyncbench.metrics import Metric, metric
from pytest_asyncbench.testcase import Record, TestCase
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.plan import WireFlow
from pytest_asyncbench.traffic.race_plan import RacePlan
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.race import Rules, Standing
from pytest_asyncbench.verdict.statements import Budget, Statement

MOST_ROUNDS = 30
"""Unless the call says otherwise, as of every load call."""
LAUNCHES = 2
"""Fresh launches on which the winner is measured again,"""
ROUNDS = 4
"""with so many data each: eight together, which is what an interval needs."""
RESERVED = 0.25
"""Share of `max_time` that is kept for that, at most."""
SECONDS_AGAIN = 10.0
"""Of one launch of one variant, about: start, warm-up, rounds."""


def fire_race(case: TestCase, plan: RacePlan) -> Race:
    """Put all of a test's servers under load until the best is found, judge what is stated of it, keep the record.

    Raises SpecError, before anything is sent, for a test with one server and for statements that a race cannot keep.
    """
    statements = holding(case.statements, plan.load.name)
    by = plan.margin(case.settings.launch_allowance)
    _check(case, statements)
    _rules(case, plan, by, len(case.specs))
    if case.settings.smoke:
        run = case.fire(plan.load)
        return Race(plan, run, Standing(run.variants), metric(plan.metric), by, smoke=True)
    race, judgements = _Racing(case, plan, statements, by).run()
    case.records.append(Record(race.again or race.run, judgements, race=race))
    return race


def _check(case: TestCase, statements: Sequence[Statement]) -> None:
    if is_example():
        raise SpecError(
            "load.race takes many rounds of all variants, and inside @given each load call is one short slot; "
            "race in a test without @given"
        )
    if len(case.specs) < 2:
        raise SpecError(
            "load.race is about several servers, and the test has one; "
            "add @pytest.mark.variants(**grid(spec, workers=[1, 2], threads=[1, 5, 15]))"
        )
    for statement in statements:
        if not isinstance(statement, Budget):
            raise SpecError(
                f"{statement}: a race drops variants on its way, so it judges nothing about pairs of them; assert "
                'race.best or race.ties, or name the load.get(..., name="name") that it holds for, (..., run="name")'
            )


def _rules(case: TestCase, plan: RacePlan, by: float, variants: int) -> Rules:
    """What decides among so many. Raises SpecError if nobody could ever be dropped."""
    judged = metric(plan.metric)
    rounds = plan.load.rounds or MOST_ROUNDS
    return Rules(max(2, variants), by, case.settings.confidence, rounds, judged.more_is_better)


@dataclass(slots=True)
class _Racing:
    """One race while it is measured. `by` is the factor by which a variant must be worse to be dropped."""

    case: TestCase
    plan: RacePlan
    statements: Sequence[Statement]
    by: float
    notes: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    out: dict[str, str] = field(default_factory=dict)
    judged: Metric = field(init=False)
    effort: Effort = field(init=False)
    seed: int = field(init=False)
    deadline: float = field(init=False)
    supply: Supply = field(init=False)
    limit: float = field(init=False)

    def __post_init__(self) -> None:
        settings, load = self.case.settings, self.plan.load
        self.case.cancelled.clear()
        self.judged = metric(self.plan.metric)
        self.effort = Effort(settings.confidence, load.rounds or MOST_ROUNDS)
        self.seed = draw_seed() if settings.seed is None else settings.seed
        self.deadline = min(time.monotonic() + load.max_time, self.case.ends)
        self.supply = Supply(load, self.seed, self.deadline)
        self.limit = error_limit(self.statements)
        if self.case.counterparts is not None:
            self.notes.append("a race is about the working tree alone: the other revision does not take part")

    def run(self) -> tuple[Race, tuple[Judgement, ...]]:
        """Everything that was found, and what the statements came to."""
        began = time.monotonic()
        everyone = self.case.subjects(self.plan.load)
        subjects, answers = self._able(everyone)
        rules = _rules(self.case, self.plan, self.by, len(subjects))
        counting = self._looked_at(subjects, answers)
        lineup = Lineup(
            rules, Standing(tuple(s.variant for s in subjects)), self.judged, self.limit, self.out
        )
        if counting.complaints or len(subjects) < 2:
            lineup.standing = replace(lineup.standing, over=True)
            found = counting.evidence(time.monotonic() - began)
        else:
            found = self._raced(subjects, lineup)
        evidence = counting.finish(replace(found, cap=rules.rounds))
        standing = lineup.finish(evidence)
        evidence = self._complete(evidence, standing, everyone, began)
        has_best = standing.running and (evidence.rounds or len(standing.running) == 1)
        again = self._again(standing, evidence) if has_best and not evidence.complaints else None
        return self._told(evidence, standing, again)

    # Before it begins.

    def _able(self, everyone: Sequence[Subject]) -> tuple[list[Subject], dict[str, Answers]]:
        """The servers that answer, and what; the others are out."""
        answers = look_at(everyone, self.plan.load, self.case.cancelled.is_set)
        self.case.count_ok(self.plan.load, {name: seen.ok for name, seen in answers.items()})
        asked = {s.variant for s in everyone if s.requests and not isinstance(s.requests[0], WireFlow)}
        self.out |= failing({name: seen for name, seen in answers.items() if name in asked}, self.limit)
        self.out |= {s.variant: text for s in everyone if (text := s.died())}
        able = [subject for subject in everyone if subject.variant not in self.out]
        return able, {subject.variant: answers[subject.variant] for subject in able}

    def _looked_at(self, subjects: Sequence[Subject], answers: Mapping[str, Answers]) -> Counting:
        """What is counted exactly; whether the variants can be compared, and be alive together."""
        load = self.plan.load
        rows_read = any(statement.metric == "rows_read_per_request" for statement in self.statements)
        agent = self.case.stage.agent()
        counting = Counting(agent, subjects, load, self.seed, rows_read=rows_read, given=self.supply)
        self.case.count_ok(load, counting.ok)
        differs = load.differs | {"errors"}  # who fails is out, and no reason to compare nobody
        examined = examine(subjects, load, counting, differs, self.case.cancelled.is_set, looked=answers)
        counting.complaints += examined.complaints
        counting.notes += examined.notes
        if crowded := too_little_memory(
            {subject.variant: usage.memory(subject.pids()) for subject in subjects}, _memory_left()
        ):
            counting.complaints.append(crowded)
        if not subjects:
            counting.complaints.append(f"no variant can race: {'; '.join(self.out.values())}")
        return counting

    # The race.

    def _raced(self, subjects: Sequence[Subject], lineup: Lineup) -> Evidence:
        most = min(self._left() * RESERVED, LAUNCHES * SECONDS_AGAIN)
        plan = replace(self.plan.load, max_time=max(0.0, self._left() - most))
        goal = Goal(
            lineup.rules.rounds,
            lambda evidence: not lineup.running(evidence),
            self.judged.needed_answers,
            self.judged.name,
            lineup,
        )
        progress = RaceProgress(self._progress(plan), lineup)
        found = sample(self.case.stage.agent(), subjects, plan, goal, self.seed, progress, self.supply)
        if not found.complaints and not lineup.standing.over:
            self.notes.append(_unfinished(len(found.rounds) // found.merged, lineup.rules))
        return replace(found, plan=self.plan.load)

    def _complete(
        self, evidence: Evidence, standing: Standing, everyone: Sequence[Subject], began: float
    ) -> Evidence:
        """The evidence with what else is known of it; those that were out before it began are in it, too."""
        specs = {subject.variant: subject.spec for subject in everyone}
        failed = not standing.running and not evidence.complaints
        nobody = [f"no variant is left: {'; '.join(self.out.values())}"] if failed else []
        self._count(evidence)
        return replace(
            evidence,
            specs=specs,
            ok_before={name: (evidence.ok_before or {}).get(name, 0) for name in specs},
            startups={subject.variant: subject.startup for subject in everyone},
            complaints=(*evidence.complaints, *taken(evidence), *nobody),
            surroundings=self.case.stage.surroundings(),
            provenance=provenance_of(everyone, self.case.stage.postgresql()),
            notes=(*evidence.notes, *self.notes),
            seconds=time.monotonic() - began,
        )

    # The winner.

    def _again(self, standing: Standing, before: Evidence) -> Evidence | None:
        """The best alone on fresh launches; None if there is no time for that."""
        names = standing.running[:1]
        goal = Goal(ROUNDS, lambda _: False, self.judged.needed_answers, self.judged.name)
        parts: list[Evidence] = []
        for number in range(1, LAUNCHES + 1):
            if self._left() < SECONDS_AGAIN * len(names) * (1 if parts else 0.5):
                break
            plan = replace(self.plan.load, max_time=self._left())
            seed = self.seed + number * ANOTHER
            subjects = self._relaunched(names)
            try:
                part = sample(
                    self.case.stage.agent(), subjects, plan, goal, seed, self._progress(plan), self.supply
                )
            except SpecError:  # a percentile that does not fit into what is left of the time
                break
            self._count(part)
            known = provenance_of(subjects, self.case.stage.postgresql())
            parts.append(replace(part, plan=self.plan.load, provenance=known))
            if part.complaints:
                break
        if not any(part.rounds or part.complaints for part in parts):
            return None
        counts = {name: before.counts[name] for name in names if name in before.counts}
        return replace(
            pooled(parts),
            counts=counts,
            bursts=tuple(slot for slot in before.bursts if slot.variant in names),
            alone={name: before.alone[name] for name in names if name in before.alone},
            surroundings=(*before.surroundings, f"{len(parts)} fresh launch{'es' * (len(parts) != 1)}"),
            voided=tuple(why for part in parts for why in part.voided),
        )

    def _relaunched(self, names: Sequence[str]) -> list[Subject]:
        """These servers started anew; those that are not ours to start as they are."""
        ours = [name for name in names if self.case.specs[name].url is None]
        if ours:
            self.case.stage.relaunch(ours)
        return [subject for subject in self.case.subjects(self.plan.load) if subject.variant in names]

    def _told(
        self, evidence: Evidence, standing: Standing, again: Evidence | None
    ) -> tuple[Race, tuple[Judgement, ...]]:
        best = standing.running[0] if standing.running else evidence.variants[0]
        about = only(again or evidence, best)
        judgements = judge_all(about, self.statements, self.effort)
        short = again is None or len(again.rounds) < LAUNCHES * ROUNDS * again.merged
        notes = [_too_short(best, again)] if short and standing.running and not evidence.complaints else []
        race = Race(
            self.plan,
            self._run_of(evidence),
            standing,
            self.judged,
            self.by,
            again=self._run_of(again) if again else None,
            out=self.out,
            complaints=(*evidence.complaints, *(again.complaints if again else ())),
            notes=notes,
        )
        return race, judgements

    def _run_of(self, evidence: Evidence) -> Run:
        return Run(evidence, effort=self.effort, ok=dict.fromkeys(evidence.variants, 0) | dict(self.case.ok))

    def _progress(self, plan: LoadPlan) -> Progress:
        return self.case.watch((), self.effort, plan)

    def _count(self, evidence: Evidence) -> None:
        self.case.count_ok(self.plan.load, {name: evidence.ok(name) for name in evidence.variants})

    def _left(self) -> float:
        return max(0.0, self.deadline - time.monotonic())


def only(evidence: Evidence, variant: str) -> Evidence:
    """What was measured of one variant alone."""
    rounds = (tuple(slot for slot in row if slot.variant == variant) for row in evidence.rounds)
    return replace(
        evidence,
        specs={variant: evidence.specs[variant]},
        rounds=tuple(row for row in rounds if row),
        bursts=tuple(slot for slot in evidence.bursts if slot.variant == variant),
    )


def _too_short(best: str, again: Evidence | None) -> str:
    """Why the winner's figures are not what they should be, in words."""
    if again is None or not again.rounds:
        return f"{best} was not measured again, because max_time was over: as the best of many its figure is too good"
    return f"{best} was measured again in {len(again.rounds)} rounds only, because max_time was over"


def _unfinished(rounds: int, rules: Rules) -> str:
    """That time ended a race before its end, in words."""
    first = rules.looks[0][0]
    if rounds < first:
        return f"max_time was over before the first look, which comes after {first} rounds: nobody could be dropped"
    return (
        f"max_time was over after {rounds} of {rules.rounds} rounds: with more time there may be fewer ties"
    )


def _memory_left() -> float:
    import psutil  # loaded by the first server's start

    return float(psutil.virtual_memory().available)
