"""One slot of load or one burst: the users, their connections, the time-outs, and the end of all of them."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

from pytest_asyncbench.agent.answers import KEPT_BYTES
from pytest_asyncbench.agent.connection import Connection
from pytest_asyncbench.agent.expecting import looker
from pytest_asyncbench.agent.ledger import Ledger
from pytest_asyncbench.agent.user import User
from pytest_asyncbench.traffic.plan import Plan
from pytest_asyncbench.traffic.samples import SlotResult
from pytest_asyncbench.traffic.sending import Stock, decks
from pytest_asyncbench.traffic.tls import context

GIVEN_UP = 3
"""When every user's attempts have failed this often and none has connected, load starts all the same."""
CLOSE_LIMIT = 1.0
"""Seconds that a finished slot waits for its connections to be closed."""


class Slot:
    """What all shapes of load share.

    `tally` is where a request is counted that is sent now (None: it becomes a sample); `at_once` whether a user
    sends its next request as soon as it has an answer, without asking the slot. `crashed` gets an error that was
    raised in a callback: a bug must end the slot, not thin out its load. `gate` holds the load back until it is set.
    `dealt` are the requests' indices if all users share one order, `used` how many of requests made ahead were sent,
    `ran_out` that there were too few.
    """

    def __init__(self, plan: Plan, host: str, notice: Callable[[str], None]) -> None:
        self.plan: Plan = plan
        self.host = host
        self.notice = notice
        self.loop = asyncio.get_running_loop()
        self.crashed: asyncio.Future[None] = self.loop.create_future()
        self.ledger = Ledger(len(plan.requests))
        self.tls = context(plan.target)
        self.looker = looker(plan.expecting)
        self.kept_bytes = KEPT_BYTES if self.looker is None else sys.maxsize
        self.used = 0
        self.ran_out = False
        self.dealt = self._dealt()
        self.tally: list[int] | None = None
        self.at_once = False
        self.gate: asyncio.Event | None = None
        self.started = self.closed = self.ended = 0.0
        self.ready = asyncio.Event()
        self.unready = plan.users
        self.connections: set[Connection] = set()
        self.leaving: dict[Connection, None] = {}
        self.users = self.make_users()
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
        if self.gate is not None:
            self.notice("hold")
            await self.gate.wait()
        await self.load()
        self.ended = monotonic()

    def _dealt(self) -> Iterator[int] | None:
        """Indices of the requests in the order in which they are sent, whoever is next; None: each user has its own."""
        requests, order = self.plan.requests, getattr(self.plan, "order", None)
        if isinstance(requests, Stock):
            return self._once(len(requests))
        return decks(order.weights, order.seed) if order is not None and order.weights else None

    def _once(self, number: int) -> Iterator[int]:
        for index in range(number):
            self.used = index + 1
            yield index

    def out_of_requests(self, user: User) -> None:
        """Of the requests made ahead none is left for this user."""
        user.busy = False
        self.ran_out = True

    async def load(self) -> None:
        """The phases after `connect`."""
        raise NotImplementedError

    def make_users(self) -> list[User]:
        """The users that there are from the beginning."""
        return [self.new_user(number) for number in range(self.plan.users)]

    def thinker(self, number: int) -> Callable[[], float]:
        """Gives that user's think times, one after another."""
        return lambda: 0.0

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

    async def open_connection(self, factory: Callable[[], Connection]) -> None:
        """Open one connection to the target. Raises OSError."""
        target = self.plan.target
        name = (target.server_name or target.host) if self.tls else None
        if target.path:
            await self.loop.create_unix_connection(factory, target.path, ssl=self.tls, server_hostname=name)
        else:
            await self.loop.create_connection(
                factory, self.host, target.port, ssl=self.tls, server_hostname=name
            )

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
