"""One simulated user of a closed loop: sends a request, waits for its answer, thinks, sends the next."""

from __future__ import annotations

import asyncio
import errno
import ssl
from collections.abc import Iterator
from itertools import cycle, islice
from time import monotonic
from typing import TYPE_CHECKING

from pytest_asyncbench.agent.answers import describe
from pytest_asyncbench.agent.connection import Connection
from pytest_asyncbench.agent.ledger import (
    BAD_STATUS,
    CLIENT_FD,
    CLIENT_PORT,
    CONNECT_TIMEOUT,
    OK,
    PROTOCOL,
    REFUSED,
    RESET,
    TIMEOUT,
)

if TYPE_CHECKING:
    from pytest_asyncbench.agent.slot import Slot

NONE_LEFT = -1
"""Index of the next request, where none is left."""
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0

BLAME = {
    errno.ECONNREFUSED: REFUSED,
    errno.ETIMEDOUT: CONNECT_TIMEOUT,
    errno.EADDRNOTAVAIL: CLIENT_PORT,
    errno.EMFILE: CLIENT_FD,
    errno.ENFILE: CLIENT_FD,
}
"""Outcome of a failed attempt to connect by its errno; any other is `reset`."""


class User:
    """State of one user.

    `busy` from the decision to send until the outcome is known, connecting included. `sent` is that decision's
    time, so a reconnect is part of the latency. `tally` is where the outcome is counted; None while `measure` is
    open: then the request becomes a sample. `at_once`: if it is answered ok, the next one, which is alike, follows
    without asking anybody. `failures` counts those in a row that cost the connection.
    """

    __slots__ = (
        "alike",
        "at_once",
        "attempt",
        "busy",
        "connection",
        "due",
        "failures",
        "index",
        "ledger",
        "opening",
        "request",
        "resent",
        "sample",
        "sent",
        "slot",
        "spoiled",
        "tally",
        "think",
        "timer",
        "trying_since",
        "turns",
    )

    def __init__(self, slot: Slot, number: int) -> None:
        self.slot = slot
        self.ledger = slot.ledger
        self.turns = slot.dealt or turns(len(slot.plan.requests), number)
        self.index = 0
        self.request = slot.plan.requests[0]
        self.alike = self.turns is None and self.request.method != "HEAD" and slot.looker is None
        self.at_once = False
        self.busy = False
        self.sent = 0.0
        self.tally: list[int] | None = None
        self.connection: Connection | None = None
        self.attempt: asyncio.Task[None] | None = None
        self.opening: Connection | None = None
        self.trying_since = 0.0
        self.failures = 0
        self.spoiled = ""
        self.resent = 0.0
        self.sample = -1
        self.due = 0.0
        self.timer: asyncio.TimerHandle | None = None
        self.think = slot.thinker(number)

    # Sending.

    def send(self, now: float) -> None:
        """Send the next request; `now` is its send time."""
        self.sent = now
        self.tally = self.slot.tally
        self.at_once = self.slot.at_once and self.alike
        if self.turns is not None:
            self.index = next(self.turns, NONE_LEFT)
            if self.index == NONE_LEFT:
                self.slot.out_of_requests(self)
                return
            self.request = self.slot.plan.requests[self.index]
        if self.connection is not None:
            self._write(self.connection)
        else:
            self._send_without_connection()

    def start(self, now: float, delay: float) -> None:
        """Send the next request `delay` seconds after `now`."""
        self.rest()
        if delay:
            self.due = now + delay
            self.timer = self.slot.loop.call_later(delay, self._wake)
        else:
            self.busy = True
            self.send(now)

    def rest(self) -> None:
        """Do not send what was to be sent later."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def _wake(self) -> None:
        now = monotonic()
        self.timer = None
        self.slot.woken(now, self.due)
        if self.sample >= 0:  # the cycle was written down with the delay as it was planned
            self.ledger.cycle[self.sample] += now - self.due
        self.busy = True
        self.send(now)

    def _write(self, connection: Connection) -> None:
        if self.request.method == "HEAD":
            connection.expect_head()
        connection.write(self.request.data)

    def _send_without_connection(self) -> None:
        if self.spoiled:  # not at once: this may run inside the last answer's completion
            self.slot.loop.call_soon(self._fail_spoiled, self.sent)
        elif self.attempt is None:
            self.connect()

    # Connecting.

    def connect(self) -> None:
        """Open a connection: for the request in progress, or ahead of the first one."""
        self.timer = None
        self.trying_since = monotonic()
        self.attempt = self.slot.loop.create_task(self._open())

    async def _open(self) -> None:
        slot = self.slot
        try:
            self.opening = connection = self._new_connection()
            await slot.open_connection(lambda: connection)
        except ssl.SSLError as error:
            self.attempt = None
            self._not_connected(PROTOCOL, f"no TLS connection: {error}")
        except OSError as error:
            self.attempt = None
            self._not_connected(BLAME.get(error.errno or 0, RESET), str(error))
        except Exception as error:  # noqa: BLE001 - a bug must not pass for a user who never connects
            slot.crash(error)

    def _new_connection(self) -> Connection:
        return Connection(self, self.sent, not self.slot.plan.keepalive)

    def connected(self, connection: Connection) -> None:
        self.slot.connections.add(connection)
        if connection is not self.opening:  # it was given up, and is being closed
            connection.user = Nobody(self.slot)
            connection.transport.abort()
            return
        self.attempt = self.opening = None
        connection.since = self.sent
        self.connection = connection
        self.ledger.connections += 1
        if self.busy:
            self._write(connection)
        else:
            self.slot.user_ready()

    def _not_connected(self, outcome: int, why: str) -> None:
        self.failures += 1
        if not self.busy:
            self.ledger.fail_connect(outcome, why)
            self.timer = self.slot.loop.call_later(self.pause(), self.connect)
            self.slot.user_not_ready()
        elif self.resent == self.sent:  # the connection was lost first: that is what happened to the request
            self._fail(RESET, f"connection lost before an answer; then: {why}")
        else:
            self._fail(outcome, why)

    # What the connection says.

    def answered(self, status: int, data: bytes) -> None:
        """A whole answer."""
        connection = self.connection
        if (
            self.at_once and status in self.request.expect and connection is not None
        ):  # hot path, in one piece
            now = monotonic()
            if self.tally is None:
                self.ledger.add_at_once(self.sent, now)
            else:
                self.tally[OK] += 1
            self.sent = now
            self.tally = self.slot.tally
            connection.write(self.request.data)
        else:
            self._answered(status, data)

    def _answered(self, status: int, data: bytes) -> None:
        if not self.busy:
            if self.connection is not None:
                self.spoil(self.connection, "an answer that nobody asked for")
            return
        self.failures = 0
        if self.slot.looker is not None:
            now = monotonic()  # looking takes time, which is not the server's
            outcome, why = self.slot.looker(status, data, self.request)
            if outcome != OK:
                self.ledger.explain(outcome, lambda: why)
            self._finish(outcome, now)
        elif status in self.request.expect:
            self._finish(OK)
        else:
            self.ledger.explain(BAD_STATUS, lambda: describe(status, data))
            self._finish(BAD_STATUS)

    def garbled(self, connection: Connection, why: str, data: bytes) -> None:
        """Bytes that are no HTTP/1.1 answer."""
        if connection is not self.connection:
            return
        if self.busy:
            self.drop()
            self.failures += 1
            self._fail(PROTOCOL, f"{why} in {data[:100]!r}")
        else:
            self.spoil(connection, why)

    def spoil(self, connection: Connection, why: str) -> None:
        """Bytes that nobody asked for: the next request cannot be told from them, and fails."""
        if connection is self.connection:
            self.drop()
            self.spoiled = why

    def leave(self, connection: Connection) -> None:
        """The answer in progress is the last one on this connection."""
        if connection is self.connection:
            self.connection = None
            connection.user = Nobody(self.slot)
            self.slot.let_go(connection)

    def lost(self, connection: Connection, error: Exception | None) -> None:
        """The connection has ended."""
        self.slot.connection_ended(connection)
        if connection is not self.connection:
            return
        self.connection = None
        if not self.busy:
            return
        if not connection.begun and connection.since != self.sent:
            self.resent = self.sent
            self.ledger.stale += 1
            self.connect()
        else:
            self.failures += 1
            where = "inside" if connection.begun else "before"
            self._fail(RESET, f"{error or 'end of stream'} {where} the answer")

    # The end of a request.

    def check_time(self, now: float) -> None:
        """Give up what has taken too long."""
        plan = self.slot.plan
        if self.attempt is not None and now - self.trying_since > plan.connect_timeout:
            self.drop()
            self._not_connected(CONNECT_TIMEOUT, f"no connection within {plan.connect_timeout:g} s")
        elif self.busy and now - self.sent > plan.timeout:
            connecting = self.attempt is not None
            self.drop()
            self._fail(CONNECT_TIMEOUT if connecting else TIMEOUT, f"no answer within {plan.timeout:g} s")

    def _fail_spoiled(self, sent: float) -> None:
        if self.busy and self.sent == sent:
            why, self.spoiled = self.spoiled, ""
            self.failures += 1
            self._fail(PROTOCOL, why)

    def _fail(self, outcome: int, why: str) -> None:
        self.ledger.explain(outcome, lambda: why)
        self._finish(outcome)

    def _finish(self, outcome: int, ended: float | None = None) -> None:
        now = monotonic()
        self.at_once = False
        delay = max(self.think(), self.pause())
        self.sample = -1
        if self.tally is None:
            self.sample = self.ledger.add(self.sent, ended or now, now + delay, outcome, self.index)
        else:
            self.tally[outcome] += 1
        self.slot.finished(self, now, delay)

    def pause(self) -> float:
        """Seconds to wait after failures in a row: none after the first, then 50 ms, doubling to 1 s."""
        return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (self.failures - 2)) if self.failures > 1 else 0.0

    def drop(self) -> None:
        """Close the connection, or give up the attempt to open one."""
        if self.attempt is not None:
            self.attempt.cancel()
            self.attempt = self.opening = None
        if self.connection is not None:
            connection, self.connection = self.connection, None
            connection.transport.abort()

    def stop(self) -> None:
        """Send nothing any more."""
        self.busy = False
        self.rest()
        self.drop()


class Nobody:
    """Takes the place of the user of a connection that was left: what still comes on it is nobody's."""

    __slots__ = ("slot",)
    connection = None

    def __init__(self, slot: Slot) -> None:
        self.slot = slot

    def answered(self, status: int, data: bytes) -> None:
        """Not counted: nobody asked for it."""

    def garbled(self, connection: Connection, why: str, data: bytes) -> None:
        """Not counted."""

    def spoil(self, connection: Connection, why: str) -> None:
        """Nothing to spoil."""

    def leave(self, connection: Connection) -> None:
        """Already done."""

    def lost(self, connection: Connection, error: Exception | None) -> None:
        """The connection has ended."""
        self.slot.connection_ended(connection)


def turns(requests: int, number: int) -> Iterator[int] | None:
    """Indices of the requests that user `number` sends, for ever; None if there is only one request.

    Users begin at different ones, so that every moment has the whole mix.
    """
    return None if requests == 1 else islice(cycle(range(requests)), number % requests, None)
