"""One user of a flow: runs the test's function again and again, each time to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

import httpx

from pytest_asyncbench.agent.blame import outcome_of, told
from pytest_asyncbench.agent.caller import Answer, Caller, StepFailed
from pytest_asyncbench.agent.ledger import BAD_STATUS, FAILED, OK, RESET, TIMEOUT
from pytest_asyncbench.agent.stock import StockCaller
from pytest_asyncbench.agent.transport import new_client
from pytest_asyncbench.agent.user import User
from pytest_asyncbench.traffic.plan import WireFlow, WireRequest

if TYPE_CHECKING:
    from pytest_asyncbench.agent.flow import FlowSlot

Visit: TypeAlias = Callable[[httpx.AsyncClient], Awaitable[object]]


class FlowStopped(Exception):
    """A flow raised KeyboardInterrupt or SystemExit, which end more than a visit."""


class Visitor(User):
    """A user whose requests are whole visits: `busy`, `sent` and `tally` are those of the visit in progress.

    `callers` are its connections: one, unless a visit sends several requests at a time. `asked` and
    `answered_in_visit` count the requests of a visit and their answers, `unexpected` describes the first answer whose
    status was not expected. An `overdue` visit has taken too long.
    """

    __slots__ = (
        "answered_in_visit",
        "asked",
        "callers",
        "client",
        "flow_slot",
        "idle",
        "overdue",
        "stopped",
        "unexpected",
        "visit",
        "visiting",
    )

    def __init__(self, slot: FlowSlot, number: int, flow: WireFlow, visit: Visit) -> None:
        super().__init__(slot, number)
        self.flow_slot = slot
        self.visit = visit
        self.client = new_client(self.fetch, flow, slot.plan.timeout, slot.plan.keepalive)
        self.callers: list[Caller] = []
        self._new_caller()
        self.idle = list(self.callers)
        self.visiting: asyncio.Task[None] | None = None
        self.asked = self.answered_in_visit = 0
        self.unexpected = ""
        self.overdue = self.stopped = False

    # The visit.

    def send(self, now: float) -> None:
        """Begin a visit."""
        self.sent = now
        self.tally = self.slot.tally
        self.asked = self.answered_in_visit = 0
        self.unexpected = ""
        self.overdue = False
        self.visiting = self.slot.loop.create_task(self._visit())
        self.visiting.add_done_callback(self._hear_of_crash)

    async def _visit(self) -> None:
        """A visit to its end: whatever the function raises is an outcome, except what ends more than itself."""
        try:
            await self.visit(self.client)
        except GeneratorExit:
            raise
        except asyncio.CancelledError as error:
            if self.stopped:
                raise
            self._failed(error)
        except (KeyboardInterrupt, SystemExit) as error:
            self.slot.crash(FlowStopped(type(error).__name__))
        except BaseException as error:  # noqa: BLE001 - pytest.fail() raises no Exception, and is an outcome like it
            self._failed(error)
        else:
            self._returned()

    def _returned(self) -> None:
        if self.unexpected:
            self._fail(BAD_STATUS, self.unexpected)
        elif self.answered_in_visit:
            self.failures = 0
            self._finish(OK)
        elif self.asked:
            self._fail(FAILED, "the visit got no answer to any request, and returned all the same")
        else:
            self._fail(FAILED, "the visit sent no request; is there an `await client.get(...)` on its way?")

    def _failed(self, error: BaseException) -> None:
        if isinstance(error, asyncio.CancelledError) and self.overdue:
            self._fail(TIMEOUT, f"the visit did not end within {self.slot.plan.timeout:g} s")
        elif isinstance(error, asyncio.CancelledError):
            self._fail(FAILED, "the visit cancelled itself")
        else:
            self.ledger.explain(outcome_of(error), lambda: told(error))
            self._fail(outcome_of(error), "")

    def _fail(self, outcome: int, why: str) -> None:
        """A visit that reached nothing is followed by a pause, so that it cannot spin."""
        self.failures = 0 if self.answered_in_visit else self.failures + 1
        if why:
            self.ledger.explain(outcome, lambda: why)
        self._finish(outcome)

    def _hear_of_crash(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            self.slot.crash(error)

    # Its requests.

    async def fetch(self, request: WireRequest, limit: float) -> Answer:
        """Send a request over a connection that is free, or a new one. Raises StepFailed."""
        if self.stopped:
            raise StepFailed(RESET, "the load has ended")
        self.asked += 1
        caller = self.idle.pop() if self.idle else self._new_caller()
        try:
            answer = await caller.fetch(request, limit)
        finally:
            self.idle.append(caller)
        self.answered_in_visit += 1
        if answer.unexpected and not self.unexpected:
            self.unexpected = f"{request.name}: {answer.unexpected}"
        return answer

    def _new_caller(self) -> Caller:
        kind = StockCaller if self.flow_slot.flow.http2 else Caller
        self.callers.append(kind(self.slot, self, self.flow_slot.steps))
        return self.callers[-1]

    # As every user.

    def connect(self) -> None:
        """Open the first connection, ahead of the first visit."""
        self.callers[0].connect()

    def check_time(self, now: float) -> None:
        """Give up what has taken too long: requests, and a visit that goes on all the same."""
        waiting = any(caller.busy for caller in self.callers)
        for caller in self.callers:
            caller.check_time(now)
        if self.busy and now - self.sent > self.slot.plan.timeout:
            self._end_visit(waiting)

    def _end_visit(self, waiting: bool) -> None:
        """A visit waiting for an answer gets a time-out of httpx; if it goes on or did not wait, it is cancelled."""
        for caller in self.callers:
            caller.give_up(self.slot.plan.timeout)
        if self.visiting is not None and (self.overdue or not waiting):
            self.visiting.cancel()
        self.overdue = True

    def censor(self, now: float) -> None:
        """`tail` is over."""
        for caller in self.callers:
            caller.censor(now)

    def stop(self) -> None:
        """Send nothing any more."""
        self.stopped = True
        super().stop()
        if self.visiting is not None:
            self.visiting.cancel()
        for caller in self.callers:
            caller.stop()
