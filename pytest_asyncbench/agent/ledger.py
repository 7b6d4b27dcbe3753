"""What the agent writes down during a slot: samples of `measure`, counts of everything else."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING

from pytest_asyncbench.traffic.outcomes import OUTCOMES
from pytest_asyncbench.traffic.samples import ANSWERED, PHASES, SlotResult
from pytest_asyncbench.traffic.sending import kinds, names

if TYPE_CHECKING:
    from pytest_asyncbench.agent.slot import Slot

(
    OK,
    BAD_STATUS,
    BAD_BODY,
    TIMEOUT,
    CONNECT_TIMEOUT,
    REFUSED,
    RESET,
    PROTOCOL,
    CENSORED,
    FAILED,
    CLIENT_PORT,
    CLIENT_FD,
) = map(
    OUTCOMES.index,
    (
        "ok",
        "bad_status",
        "bad_body",
        "timeout",
        "connect_timeout",
        "refused",
        "reset",
        "protocol",
        "censored",
        "failed",
        "client_port",
        "client_fd",
    ),
)

EXPLAINED = 3
"""Texts kept per outcome."""


class Ledger:
    """Samples and counts of one slot. `opened` is set when `measure` opens; sample times count from it."""

    __slots__ = (
        "bytes_read",
        "connections",
        "cycle",
        "failures",
        "late",
        "latency",
        "opened",
        "outcome",
        "request",
        "sent",
        "several",
        "stale",
        "tallies",
    )

    def __init__(self, requests: int) -> None:
        self.opened = 0.0
        self.sent = array("f")  # half of a double each: a million samples take 18 MB instead of 26
        self.latency = array("d")
        self.cycle = array("f")
        self.outcome = bytearray()
        self.request = array("I")
        self.several = requests > 1
        self.tallies = {phase: [0] * len(OUTCOMES) for phase in PHASES}
        self.late = [0] * len(OUTCOMES)
        self.failures: dict[int, list[str]] = {}
        self.connections = 0
        self.stale = 0
        self.bytes_read = 0

    def add(self, sent: float, ended: float, next_sent: float, outcome: int, request: int) -> int:
        """Write down one request that was sent in `measure`; its index."""
        self.sent.append(sent - self.opened)
        self.latency.append(ended - sent)
        self.cycle.append(next_sent - sent)
        self.outcome.append(outcome)
        if self.several:
            self.request.append(request)
        return len(self.outcome) - 1

    def add_at_once(self, sent: float, now: float) -> None:
        """Write down an ok answer, at once followed by the next request."""
        latency = now - sent
        self.sent.append(sent - self.opened)
        self.latency.append(latency)
        self.cycle.append(latency)
        self.outcome.append(0)

    def add_start(self, intended: float, ended: float, outcome: int, request: int) -> None:
        """Write down one request of an open loop, which has no cycle, by its intended start."""
        self.sent.append(intended - self.opened)
        self.latency.append(ended - intended)
        self.outcome.append(outcome)
        if self.several:
            self.request.append(request)

    def explain(self, outcome: int, text: Callable[[], str]) -> None:
        """Keep what happened, for the first few of every outcome."""
        texts = self.failures.setdefault(outcome, [])
        if len(texts) < EXPLAINED:
            texts.append(text())

    def fail_connect(self, outcome: int, why: str) -> None:
        """Write down a failed attempt to connect that no request was waiting for."""
        self.tallies["connect"][outcome] += 1
        self.explain(outcome, lambda: why)

    def counts(self) -> dict[str, dict[str, int]]:
        """Requests by the phase that they were sent in, and outcome; zeros are left out."""
        measured = [self.outcome.count(index) for index in range(len(OUTCOMES))]
        return {
            phase: named(measured if phase == "measure" else tally) for phase, tally in self.tallies.items()
        }

    def total(self, *outcomes: str) -> int:
        """Requests of all phases with one of the outcomes, late ones included."""
        counts = (*self.counts().values(), named(self.late))
        return sum(count.get(outcome, 0) for count in counts for outcome in outcomes)

    def result(
        self, slot: Slot, *, agent_cpu: float, occupied: float, complaints: tuple[str, ...]
    ) -> SlotResult:
        """Everything as the controller gets it."""
        return SlotResult(
            users=slot.plan.users,
            window=slot.closed - self.opened,
            sent=self.sent,
            latency=self.latency,
            cycle=self.cycle,
            outcome=bytes(self.outcome),
            request=kinds(slot.plan.requests, self.request),
            counts=self.counts(),
            late=named(self.late),
            ok_total=self.total("ok"),
            answers=self.total(*ANSWERED),
            connections=self.connections,
            stale=self.stale,
            bytes_read=self.bytes_read,
            agent_cpu=agent_cpu,
            occupied=occupied,
            started=slot.started,
            opened=self.opened,
            closed=slot.closed,
            ended=slot.ended,
            first_failures={OUTCOMES[index]: tuple(texts) for index, texts in self.failures.items()},
            complaints=complaints,
            names=names(slot.plan.requests),
            used=(slot.used,),
            ran_out=slot.ran_out,
        )


def named(tally: list[int]) -> dict[str, int]:
    """Counts by the outcome's name; zeros are left out."""
    return {outcome: count for outcome, count in zip(OUTCOMES, tally, strict=True) if count}
