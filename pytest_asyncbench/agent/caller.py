"""The wire client of a flow: sends the requests that it is given, one at a time, and hands their answers over.

Framing, reconnecting, time-outs and outcomes are those of every user; only the answer is kept, not just its status.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from pytest_asyncbench.agent.answers import Head, describe
from pytest_asyncbench.agent.connection import Connection
from pytest_asyncbench.agent.ledger import BAD_STATUS, FAILED, OK, TIMEOUT
from pytest_asyncbench.agent.user import User
from pytest_asyncbench.traffic.plan import WireRequest

if TYPE_CHECKING:
    from pytest_asyncbench.agent.slot import Slot
    from pytest_asyncbench.agent.steps import Steps


class StepFailed(Exception):
    """A request got no answer: how it ended (an index into OUTCOMES), and why in words."""

    def __init__(self, outcome: int, why: str) -> None:
        super().__init__(why)
        self.outcome = outcome
        self.why = why


@dataclass(slots=True)
class Answer:
    """A whole answer. `unexpected` describes it if its status was not expected."""

    status: int
    reason: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    unexpected: str = ""
    version: bytes = b"HTTP/1.1"


class CollectingConnection(Connection):
    """A connection that keeps the head and the body of the answer in progress."""

    __slots__ = ("fields", "head_answer", "parts", "reason", "trailing")

    def __init__(self, user: User, since: float, last: bool) -> None:
        self.on_message_begin()
        self.head_answer: Head | None = None
        super().__init__(user, since, last)

    def expect_head(self) -> None:
        """The next answer is one to HEAD."""
        super().expect_head()
        self.head_answer = self.head

    def on_message_begin(self) -> None:
        """Parser callback. Messages before the answer (1xx) are forgotten, one after it is not looked at."""
        if not getattr(self, "status", 0):
            self.reason = b""
            self.fields: list[tuple[bytes, bytes]] = []
            self.parts: list[bytes] = []
            self.trailing = False

    def on_status(self, reason: bytes) -> None:
        """Parser callback."""
        if not self.status:
            self.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """Parser callback, for trailers too."""
        if not (self.trailing or self.status):
            self.fields.append((name, value))

    def on_headers_complete(self) -> None:
        """Parser callback."""
        if not self.status:
            self.trailing = True

    def on_body(self, body: bytes) -> None:
        """Parser callback."""
        if not self.status:
            self.parts.append(body)

    def answer(self, status: int) -> Answer:
        """What was collected of the answer that has just ended."""
        head, self.head_answer = self.head_answer, None
        if head is not None:
            return Answer(status, head.reason.encode("latin-1"), head.headers, b"")
        parts, self.parts = self.parts, []
        return Answer(status, self.reason, self.fields, b"".join(parts))


class Caller(User):
    """One connection of one visitor, and what is known of the request in progress."""

    __slots__ = ("source", "steps", "visitor", "waiter")

    source: CollectingConnection

    def __init__(self, slot: Slot, visitor: User, steps: Steps) -> None:
        super().__init__(slot, 0)
        self.alike = False
        self.visitor = visitor
        self.steps = steps
        self.waiter: asyncio.Future[Answer] | None = None

    async def fetch(self, request: WireRequest, limit: float) -> Answer:
        """Send a request and wait for its whole answer, at most `limit` seconds. Raises StepFailed."""
        loop = self.slot.loop
        self.rest()
        self.request = request
        self.waiter = loop.create_future()
        self.busy = True
        self.send(monotonic())
        timer = loop.call_later(limit, self.give_up, limit) if limit < self.slot.plan.timeout else None
        try:
            return await self.waiter
        except asyncio.CancelledError:
            if self.busy:
                self.drop()
                self._end(FAILED)
            raise
        finally:
            if timer is not None:
                timer.cancel()

    def censor(self, now: float) -> None:
        """`tail` is over: the request in progress, if it was sent in `measure`, is a censored sample."""
        if self.busy and self.tally is None:
            self.steps.censor(self.request.name, self.sent, now)
            self.tally = []

    def answered(self, status: int, data: bytes) -> None:
        """A whole answer."""
        if not self.busy:
            super().answered(status, data)
            return
        self.failures = 0
        answer = self.source.answer(status)
        expected = status in self.request.expect
        if not expected:
            answer.unexpected = describe(status, data)
        self._end(OK if expected else BAD_STATUS)
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(answer)

    def connected(self, connection: Connection) -> None:
        """A connection was opened."""
        assert isinstance(connection, CollectingConnection)
        if connection is self.opening:
            self.source = connection
        super().connected(connection)

    def _new_connection(self) -> Connection:
        return CollectingConnection(self, self.sent, not self.slot.plan.keepalive)

    def _not_connected(self, outcome: int, why: str) -> None:
        if not self.busy:
            self.visitor.failures += 1
        super()._not_connected(outcome, why)

    def give_up(self, limit: float) -> None:
        """The request in progress, if there is one, had no answer within `limit` seconds."""
        if self.busy:
            self.drop()
            self._fail(TIMEOUT, f"no answer within {limit:g} s")

    def _fail(self, outcome: int, why: str) -> None:
        self._end(outcome)
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_exception(StepFailed(outcome, why))

    def _end(self, outcome: int) -> None:
        self.busy = False
        self.steps.add(self.request.name, self.sent, monotonic(), outcome, self.tally is None)

    async def aclose(self) -> None:
        """Close what is not the slot's to close: nothing."""
