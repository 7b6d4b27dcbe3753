"""The live path of `load.slowest`: a hunt on the test's server, the counts of what was found, and the verdicts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_asyncbench.errors import AgentLost, FailedExample, SpecError
from pytest_asyncbench.given import is_example
from pytest_asyncbench.hunt.confirming import Sight, confirm, judge_latency
from pytest_asyncbench.hunt.corpus import Corpus
from pytest_asyncbench.hunt.judging import judge_hunt, latency_budgets, require_judgeable
from pytest_asyncbench.hunt.quarry import Quarry
from pytest_asyncbench.hunt.slowest import Slowest
from pytest_asyncbench.hunt.trials import Enough
from pytest_asyncbench.hunt.wire import Wire
from pytest_asyncbench.marks import holding
from pytest_asyncbench.measure.counting import Counting
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.run import Run
from pytest_asyncbench.measure.sampling import ROUNDS_WITHOUT_STATEMENTS
from pytest_asyncbench.measure.schedule import draw_seed
from pytest_asyncbench.measure.slot import Slot
from pytest_asyncbench.testcase import Record, TestCase
from pytest_asyncbench.traffic.slowest_plan import SlowestPlan
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.statements import Budget, Statement

if TYPE_CHECKING:
    from pytest_asyncbench.hunt.hunt import Hunt

LONGEST_BURST = 5.0
"""Seconds of latency from which on a request is not sent again only to count what it costs."""


def hunt_slowest(case: TestCase, plan: SlowestPlan) -> Slowest:
    """Hunt the slowest request on the test's server, judge what is stated, and keep the record.

    Raises SpecError, before anything is sent, for a test with several servers and for statements that a hunt cannot
    keep; inside @given FailedExample for a statement that is broken.
    """
    limits = [] if plan.limit is None else [Budget("p50", plan.limit)]
    statements = [*holding(case.statements, plan.load.name), *limits]
    require_judgeable(statements, list(case.specs), plan.drawing.call)
    case.cancelled.clear()
    if case.settings.smoke:
        return _smoke(case, plan)
    if not is_example():
        return _Pursuit(case, plan, statements).run()
    return _in_example(case, plan, statements)


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
class _Pursuit:
    """One call of `load.slowest`."""

    case: TestCase
    plan: SlowestPlan
    statements: Sequence[Statement]
    effort: Effort = field(init=False)
    seed: int = field(init=False)
    wire: Wire = field(init=False)
    began: float = field(init=False)

    def __post_init__(self) -> None:
        settings = self.case.settings
        self.effort = Effort(settings.confidence)
        self.seed = draw_seed() if settings.seed is None else settings.seed
        self.began = time.monotonic()
        longest = max(0.0, min(self.plan.load.max_time, self.case.ends - self.began))
        self.plan = replace(self.plan, load=replace(self.plan.load, max_time=longest))
        progress = self.case.watch((), self.effort, self.plan.load)
        self.wire = Wire(self.case, self.plan.load, self.plan.patience, progress)

    def run(self) -> Slowest:
        """Hunt, count, confirm, judge."""
        lost: list[str] = []
        database = Corpus(f"{self.case.name}\n{self.plan.label}\n{self.plan.load.name}")
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
        judgements = judge_hunt(self.statements, found, self.wire.server, self.wire.failed, self.effort)
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
        judged = latency_budgets(self.statements)

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
