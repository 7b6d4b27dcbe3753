"""The live path of `load.slowest`: a hunt on the test's server, the counts of what was found, and the verdicts."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pytest_asyncbench.agent.client import SlotCancelled
from pytest_asyncbench.errors import AgentLost, FailedExample, SpecError
from pytest_asyncbench.given import is_example
from pytest_asyncbench.hunt.confirming import Sight, confirm, judge_latency
from pytest_asyncbench.hunt.quarry import Quarry
from pytest_asyncbench.hunt.slowest import Slowest
from pytest_asyncbench.hunt.timing import Batch, Timing
from pytest_asyncbench.hunt.trials import Enough
from pytest_asyncbench.judging import Judgement, judge_all
from pytest_asyncbench.marks import holding
from pytest_asyncbench.measure.counting import Counting
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.run import Run
from pytest_asyncbench.measure.sampling import ROUNDS_WITHOUT_STATEMENTS, Progress, Subject
from pytest_asyncbench.measure.schedule import draw_seed
from pytest_asyncbench.measure.slot import Slot
from pytest_asyncbench.metrics import OF_THE_SERVER, metric
from pytest_asyncbench.testcase import Record, TestCase
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.outcomes import OK, OUTCOMES
from pytest_asyncbench.traffic.plan import Burst
from pytest_asyncbench.traffic.requests import RequestDescription
from pytest_asyncbench.traffic.samples import SlotResult
from pytest_asyncbench.traffic.slowest_plan import SlowestPlan
from pytest_asyncbench.verdict.budget import judge_count
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.statements import Budget, SinceBaseline, Statement

if TYPE_CHECKING:
    from pytest_asyncbench.hunt.hunt import Hunt

MOST_BROKEN = 5
"""Requests that are told of those that were not answered ok."""
TOLD_EVERY = 0.5
"""Seconds between two words on a terminal."""
LONGEST_BURST = 5.0
"""Seconds of latency from which on a request is not sent again only to count what it costs."""


def hunt_slowest(case: TestCase, plan: SlowestPlan) -> Slowest:
    """Hunt the slowest request on the test's server, judge what is stated, and keep the record.

    Raises SpecError, before anything is sent, for a test with several servers and for statements that a hunt cannot
    keep; inside @given FailedExample for a statement that is broken.
    """
    statements = [*holding(case.statements, plan.load.name), *_limits(plan)]
    _check(case, statements, plan.drawing.call)
    case.cancelled.clear()
    if case.settings.smoke:
        return _smoke(case, plan)
    if not is_example():
        return _Pursuit(case, plan, statements).run()
    return _in_example(case, plan, statements)


def _limits(plan: SlowestPlan) -> list[Statement]:
    return [] if plan.limit is None else [Budget("p50", plan.limit)]


def _check(case: TestCase, statements: Iterable[Statement], call: str) -> None:
    if len(case.specs) > 1:
        raise SpecError(
            f"{call} is about one server, and the test has several ({', '.join(case.specs)}); "
            'run it once for each: parametrize("server", [spec, ...], indirect=True)'
        )
    for statement in statements:
        if isinstance(statement, SinceBaseline):
            raise SpecError(
                f"{statement}: that is about one load, and a hunt may find another request each time; name the run "
                'that it holds for, no_regression(..., run="name")'
            )
        if isinstance(statement, Budget) and not (_is_latency(statement) or _is_counted(statement)):
            raise SpecError(
                f"budget({statement.metric}=...) is about a server under load, and {call} sends one request at a "
                'time; name the run that it holds for, budget(..., run="name")'
            )


def _is_latency(statement: Statement) -> bool:
    entry = metric(statement.metric)
    latency = entry.kind == "sampled" and entry.unit == "s" and entry.name not in OF_THE_SERVER
    return isinstance(statement, Budget) and latency and entry.name in ("mean", "p50", "p95", "p99")


def _is_counted(statement: Statement) -> bool:
    return metric(statement.metric).kind == "counted"


def _smoke(case: TestCase, plan: SlowestPlan) -> Slowest:
    """One checked request, the simplest."""
    from pytest_asyncbench.hunt.search import Search

    drawn = Search(plan.drawing.strategy(), 1, 0).simplest()
    request = plan.drawing.request(drawn)
    run = case.fire(replace(plan.load, requests=(request,)))
    return Slowest(Quarry(request, request, request, 1, 1), (), run, requests=1)


def _in_example(case: TestCase, plan: SlowestPlan, statements: Sequence[Statement]) -> Slowest:
    """A hunt inside @given: Hypothesis runs the body again to shrink it, and must see the same then."""
    name = repr((plan.drawing, plan.limit, plan.max_examples))
    if name not in case.hunts:
        case.hunts[name] = _aside(case, _Pursuit(case, plan, statements).run)
    found = case.hunts[name]
    record = next((each for each in case.records if each.slowest is found), None)
    judgements = record.judgements if record else ()
    case.records = [each for each in case.records if each is record or each.run.name != found.run.name]
    broken = [item for item in judgements if item.outcome in ("FAIL", "INVALID")]
    if broken:
        texts = (f"{item.outcome} {item.statement}: {item.why}" for item in broken)
        raise FailedExample(f"{plan.drawing.call}: {'; '.join(texts)}")
    return found


def _aside(case: TestCase, work: Callable[[], Slowest]) -> Slowest:
    """Do it in a thread: Hypothesis does not want one search inside another one's example."""
    found: list[Slowest] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:  # noqa: BLE001 - it is raised where the call was made
            raised.append(error)

    thread = threading.Thread(target=run, name="asyncbench-slowest", daemon=True)
    thread.start()
    try:
        thread.join()
    except BaseException:
        case.cancelled.set()
        thread.join()
        raise
    if raised:
        raise raised[0]
    return found[0]


@dataclass(slots=True)
class _Wire:
    """Sends requests to one server, one after another, and adds up what became of them."""

    case: TestCase
    plan: LoadPlan
    patience: float
    progress: Progress
    server: str = field(init=False)
    longest: float = 0.0
    told: float = 0.0
    sent: int = 0
    failed: int = 0
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        [self.server] = self.case.stage.instances()

    def now(self) -> float:
        return time.monotonic()

    def subject(self, request: RequestDescription) -> Subject:
        """The server with one request. Raises SpecError for what HTTP cannot carry."""
        [subject] = self.case.subjects(replace(self.plan, requests=(request,)))
        return subject

    def send(self, request: RequestDescription, count: int) -> Batch:
        if self.case.cancelled.is_set():
            raise SlotCancelled("the hunt was cancelled")
        subject = self.subject(request)
        burst = Burst(
            subject.target,
            subject.requests,
            1,
            count,
            timeout=self.patience,
            keepalive=subject.keeps(self.plan),
            expecting=self.plan.expecting,
        )
        result = self.case.stage.agent().run(burst)
        self.case.count_ok(self.plan, {self.server: result.ok_total})
        batch = Batch(tuple(_timings(result)), result)
        self.sent += len(batch.timings)
        patient = self.patience >= self.plan.timeout
        self.failed += sum(each.is_error or (patient and each.is_unanswered) for each in batch.timings)
        self._tell(batch)
        died = subject.died()
        self.complaints += [*result.complaints, *([died] if died else [])]
        if self.complaints:
            raise Enough
        return batch

    def _tell(self, batch: Batch) -> None:
        """What is going on, now and then: a terminal is slow."""
        self.longest = max([self.longest, *(each.seconds for each in batch.timings if not each.is_error)])
        if self.now() - self.told > TOLD_EVERY:
            self.told = self.now()
            self.progress.hunting(self.sent, self.longest)


def _timings(result: SlotResult) -> Iterable[Timing]:
    for seconds, number in zip(result.latency, result.outcome, strict=True):
        outcome = OUTCOMES[number]
        told = result.first_failures.get(outcome, ("",)) if outcome != OK else ("",)
        yield Timing(seconds, outcome, told[0].partition("\n")[0])


@dataclass(slots=True)
class _Pursuit:
    """One call of `load.slowest`."""

    case: TestCase
    plan: SlowestPlan
    statements: Sequence[Statement]
    effort: Effort = field(init=False)
    seed: int = field(init=False)
    wire: _Wire = field(init=False)
    began: float = field(init=False)

    def __post_init__(self) -> None:
        settings = self.case.settings
        self.effort = Effort(settings.confidence)
        self.seed = draw_seed() if settings.seed is None else settings.seed
        self.began = time.monotonic()
        longest = max(0.0, min(self.plan.load.max_time, self.case.ends - self.began))
        self.plan = replace(self.plan, load=replace(self.plan.load, max_time=longest))
        progress = self.case.watch((), self.effort, self.plan.load)
        self.wire = _Wire(self.case, self.plan.load, self.plan.patience, progress)

    def run(self) -> Slowest:
        """Hunt, count, confirm, judge."""
        lost: list[str] = []
        database = Kept(f"{self.case.name}\n{self.plan.label}\n{self.plan.load.name}")
        from pytest_asyncbench.hunt.hunt import Hunt

        hunt = Hunt(
            self.plan.drawing,
            self.wire,
            self.plan.max_examples,
            self.seed,
            self.plan.load.max_time,
            self.plan.max_requests,
            database.fetch(),
        )
        sights: list[Sight] = []
        counts: dict[str, Evidence] = {}
        try:
            quarry = hunt.run()
            database.replace(quarry.corpus)
            counts = self._counted(quarry, hunt)
            sights = self._confirmed(quarry)
        except AgentLost as error:
            lost, quarry = [str(error)], hunt.so_far()
        except (Enough, SpecError):
            if not self.wire.complaints:
                raise
            quarry = hunt.so_far()
        finally:
            self.wire.progress.done()
        found = self._result(quarry, sights, counts, lost)
        judgements = [item for statement in self.statements for item in self._judged(statement, found)]
        self.case.records.append(Record(found.run, tuple(judgements), slowest=found))
        return found

    @property
    def _until(self) -> float:
        return self.began + self.plan.load.max_time

    def _counted(self, quarry: Quarry, hunt: Hunt) -> dict[str, Evidence]:
        """What both requests cost, counted on a burst of each: the load calls around them."""
        rows_read = any(statement.metric == "rows_read_per_request" for statement in self.statements)
        found = {}
        for name, request in (("slowest", quarry.slowest), ("typical", quarry.typical)):
            latency = hunt.trials.of(request).latency
            if not latency or latency > LONGEST_BURST or time.monotonic() + latency > self._until:
                continue
            plan = replace(self.plan.load, requests=(request,), timeout=self.plan.patience)
            counting = Counting(
                self.case.stage.agent(), [self.wire.subject(request)], plan, self.seed, rows_read=rows_read
            )
            self.case.count_ok(plan, counting.ok)
            found[name] = counting.finish(counting.evidence(0.0))
        return found

    def _confirmed(self, quarry: Quarry) -> list[Sight]:
        judged = [
            statement
            for statement in self.statements
            if isinstance(statement, Budget) and _is_latency(statement)
        ]

        def decided(sights: list[Sight]) -> bool:
            if not judged:
                return len(sights) >= ROUNDS_WITHOUT_STATEMENTS
            return len(sights) >= 8 and None not in [
                judge_latency(budget, quarry, sights, self.effort, ended=False) for budget in judged
            ]

        return confirm(self.wire, quarry, self.seed, self._until, self.effort.max_rounds, decided)

    def _result(
        self, quarry: Quarry, sights: Sequence[Sight], counts: dict[str, Evidence], lost: Sequence[str]
    ) -> Slowest:
        slots = [sight.slowest.slot for sight in sights]
        of_slowest = counts.get("slowest")
        evidence = Evidence(
            replace(self.plan.load, requests=(quarry.slowest,)),
            self.case.specs,
            tuple(
                (Slot(self.wire.server, number, slot),)
                for number, slot in enumerate(slots, 1)
                if slot is not None
            ),
            self.seed,
            self.effort.max_rounds,
            complaints=tuple(dict.fromkeys([*self.wire.complaints, *lost])),
            seconds=time.monotonic() - self.began,
            surroundings=self.case.stage.surroundings(),
            counts=of_slowest.counts if of_slowest else {},
            bursts=of_slowest.bursts if of_slowest else (),
            alone=of_slowest.alone if of_slowest else {},
        )
        return Slowest(
            quarry,
            sights,
            Run(evidence, effort=self.effort, ok=dict(self.case.ok)),
            counts={
                name: each.counts[self.wire.server]
                for name, each in counts.items()
                if self.wire.server in each.counts
            },
            requests=self.wire.sent,
        )

    def _judged(self, statement: Statement, found: Slowest) -> list[Judgement]:
        server, evidence = self.wire.server, found.run.evidence
        if not isinstance(statement, Budget):
            return []
        if evidence.complaints:
            return [Judgement(statement, server, "INVALID", "; ".join(evidence.complaints))]
        if statement.metric == "errors":
            return [self._errors(statement, found)]
        if _is_counted(statement):
            return list(judge_all(evidence, [statement], self.effort))
        if not found.sights:
            why = "time or requests were used up before the slowest request could be looked at again"
            return [Judgement(statement, server, "INCONCLUSIVE", why)]
        verdict = judge_latency(statement, found.quarry, found.sights, self.effort, ended=True)
        if verdict is None:
            return []
        return [Judgement(statement, server, verdict.outcome, verdict.why, verdict)]

    def _errors(self, budget: Budget, found: Slowest) -> Judgement:
        share = self.wire.failed / max(1, self.wire.sent)
        show = metric("errors").show
        where = f"{self.wire.sent} requests"
        verdict = judge_count(budget, share, show=show, where=where)
        details = [f"{each.request!r}: {each.why}" for each in found.broken[:MOST_BROKEN]]
        why = verdict.why
        if verdict.outcome == "FAIL" and found.broken:
            why = f"{why}; such an answer is an error, and not slow: if it is meant, say expect={{200, 400}}"
        return Judgement(
            budget,
            self.wire.server,
            verdict.outcome,
            why,
            verdict,
            tuple(details if verdict.outcome == "FAIL" else ()),
        )


class Kept:
    """What Hypothesis keeps of a hunt for the next run: in its own database, if the profile has one."""

    def __init__(self, name: str) -> None:
        from hypothesis import settings

        self._database: Any = settings().database
        self._key = b"asyncbench." + hashlib.sha256(name.encode()).digest()

    def fetch(self) -> frozenset[bytes]:
        """Examples of the runs before."""
        return frozenset(self._database.fetch(self._key)) if self._database is not None else frozenset()

    def replace(self, examples: frozenset[bytes]) -> None:
        """Keep these instead."""
        if self._database is None:
            return
        for example in self.fetch() - examples:
            self._database.delete(self._key, example)
        for example in examples:
            self._database.save(self._key, example)
