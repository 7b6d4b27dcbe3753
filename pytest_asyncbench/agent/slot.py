"""One slot of load or one burst: the users, their connections, the time-outs, and the end of all of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from time import monotonic
from typing import Any

from pytest_asyncbench.agent.connection import Connection
from pytest_asyncbench.agent.ledger import Ledger
from pytest_asyncbench.agent.user import User
from pytest_asyncbench.traffic.plan import Burst, ClosedSlot
from pytest_asyncbench.traffic.samples import SlotResult

GIVEN_UP = 3
"""When every user's attempts have failed this often and none has connected, load starts all the same."""
CLOSE_LIMIT = 1.0
"""Seconds that a finished slot waits for its connections to be closed."""


class Slot:
    """What closed slots and bursts share.

    `tally` is where a request is counted that is sent now (None: it becomes a sample); `at_once` whether a user
    sends its next request as soon as it has an answer, without asking the slot. `crashed` gets an error that was
    raised in a callback: a bug must end the slot, not thin out its load.
    """

    def __init__(self, plan: ClosedSlot | Burst, host: str, notice: Callable[[str], None]) -> None:
        self.plan: ClosedSlot | Burst = plan
        self.host = host
        self.notice = notice
        self.loop = asyncio.get_running_loop()
        self.crashed: asyncio.Future[None] = self.loop.create_future()
        self.ledger = Ledger(len(plan.requests))
        self.tally: list[int] | None = None
        self.at_once = False
        self.think_time = 0.0
        self.started = self.closed = self.ended = 0.0
        self.ready = asyncio.Event()
        self.unready = plan.users
        self.connections: set[Connection] = set()
        self.leaving: dict[Connection, None] = {}
        self.users = [self.new_user(number) for number in range(plan.users)]
        self.sweeper = self.loop.call_later(self._sweep_interval(), self._sweep)

    def new_user(self, number: int) -> User:
        """The user with that number, from 0."""
        return User(self, number)

    async def run(self) -> SlotResult:
        """All phases. Whatever ends it, nothing is left open."""
        load = self.loop.create_task(self._all_phases())
        self.loop.set_exception_handler(self._hear_of_crash)
        try:
            await asyncio.wait((load, self.crashed), return_when=asyncio.FIRST_COMPLETED)
            if self.crashed.done():
                self.crashed.result()
            await load
        finally:
            load.cancel()
            await self._close()
            await asyncio.wait((load,))
        return self.result()

    async def _all_phases(self) -> None:
        self.notice("connect")
        await self._connect()
        await self.load()
        self.ended = monotonic()

    async def load(self) -> None:
        """The phases after `connect`."""
        raise NotImplementedError

    def finished(self, user: User, now: float, delay: float) -> None:
        """A request has ended; its user could send the next one in `delay` seconds."""
        raise NotImplementedError

    def woken(self, now: float, due: float) -> None:
        """A user's timer, due at `due`, has fired."""

    def result(self) -> SlotResult:
        """What the slot gave, once its connections are closed."""
        raise NotImplementedError

    def crash(self, error: Exception) -> None:
        """End the slot with an error."""
        if not self.crashed.done():
            self.crashed.set_exception(error)

    def _hear_of_crash(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self.crash(error if isinstance(error, Exception) else RuntimeError(context["message"]))

    # Connections.

    async def _connect(self) -> None:
        """All users connect before the first request is sent.

        Those that cannot within the connect timeout go on trying as part of their first request.
        """
        for user in self.users:
            user.connect()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.ready.wait(), self.plan.connect_timeout)

    def user_ready(self) -> None:
        """A user has its first connection."""
        self.unready -= 1
        if self.unready <= 0:
            self.ready.set()

    def user_not_ready(self) -> None:
        """A user could not connect; it will try again."""
        if not self.ledger.connections and all(user.failures >= GIVEN_UP for user in self.users):
            self.ready.set()

    def connection_ended(self, connection: Connection) -> None:
        """A connection was closed by either side."""
        self.ledger.bytes_read += connection.bytes_read
        self.connections.discard(connection)
        self.leaving.pop(connection, None)

    def let_go(self, connection: Connection) -> None:
        """Leave closing to the server, so that no local port stays in TIME_WAIT, unless it is slow to do so."""
        self.leaving[connection] = None
        if len(self.leaving) > self.plan.users:
            oldest = next(iter(self.leaving))
            del self.leaving[oldest]
            oldest.transport.abort()

    async def _close(self) -> None:
        self.sweeper.cancel()
        for user in self.users:
            user.stop()
        for connection in self.connections:
            connection.transport.abort()
        limit = monotonic() + CLOSE_LIMIT
        while self.connections and monotonic() < limit:
            await asyncio.sleep(0)

    # Time-outs: one timer for everybody.

    def _sweep_interval(self) -> float:
        return min(0.1, max(0.005, min(self.plan.timeout, self.plan.connect_timeout) / 20))

    def _sweep(self) -> None:
        now = monotonic()
        for user in self.users:
            user.check_time(now)
        self.sweeper = self.loop.call_later(self._sweep_interval(), self._sweep)
