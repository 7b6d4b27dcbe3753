"""The wire of a hunt: requests go to the test's server one after another, and what became of them is added up."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from pytest_asyncbench.agent.client import SlotCancelled
from pytest_asyncbench.hunt.timing import Batch, Timing
from pytest_asyncbench.hunt.trials import Enough
from pytest_asyncbench.measure.progress import Progress
from pytest_asyncbench.measure.subject import Subject
from pytest_asyncbench.testcase import TestCase
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.outcomes import OK, OUTCOMES
from pytest_asyncbench.traffic.plan import Burst
from pytest_asyncbench.traffic.requests import RequestDescription
from pytest_asyncbench.traffic.samples import SlotResult

TOLD_EVERY = 0.5
"""Seconds between two words on a terminal."""


@dataclass(slots=True)
class Wire:
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
