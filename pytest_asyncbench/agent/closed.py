"""Closed-loop load: settle, measure, tail, drain."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from time import monotonic, process_time

from pytest_asyncbench.agent import checks
from pytest_asyncbench.agent.ledger import CENSORED
from pytest_asyncbench.agent.slot import Slot
from pytest_asyncbench.agent.user import User
from pytest_asyncbench.traffic.plan import LONGEST_WINDOW, SHORTEST_SETTLE, ClosedSlot, longest_tail
from pytest_asyncbench.traffic.samples import SlotResult
from pytest_asyncbench.traffic.sending import Stock
from pytest_asyncbench.traffic.think_time import thinker

TIMER_GRACE = 0.002
"""Seconds that a timer may be late without being held against the agent: the loop's timers count milliseconds."""

STARVING = 3.0
"""Times the longest latency of all samples: a user that has waited longer than that is not served like the others."""
STRETCH = 0.02
"""Seconds by which `measure` is made longer while it holds too few requests."""


class ClosedRun(Slot):
    """Each user sends its next request when it has its answer and has thought.

    `idle` is user time in the window in which a user should have sent and had not.
    """

    plan: ClosedSlot

    async def load(self) -> None:
        self.owing: set[User] = set()
        self.answered = asyncio.Event()
        self.draining = False
        self.idle = 0.0
        self.starved = 0
        self.dry = asyncio.Event()
        await self._settle()
        await self._measure()
        await self._tail()
        await self._drain()

    def thinker(self, number: int) -> Callable[[], float]:
        return thinker(self.plan.think_time, f"{self.plan.seed}/{number}")

    async def _settle(self) -> None:
        """First sends are spread over one mean cycle: users in step would stay in step for a long time."""
        self.notice("settle")
        self.tally = self.ledger.tallies["settle"]
        self.at_once = not self.plan.think_time
        self.started = monotonic()
        for number, user in enumerate(self.users):
            user.start(self.started, number / len(self.users) * self.plan.cycle + self.plan.offset)
        await self._pass(max(SHORTEST_SETTLE, self.plan.cycle))

    async def _measure(self) -> None:
        self.notice("measure")
        self.tally = None
        self.ledger.opened = monotonic()
        self.cpu = process_time()
        await self._pass(self.plan.window)
        while self._is_too_empty():
            await self._pass(STRETCH)
        self.cpu = process_time() - self.cpu
        self.closed = monotonic()
        self.idle += sum(self._overdue(user) for user in self.users if not user.busy)

    def _is_too_empty(self) -> bool:
        """Whether `measure` stays open for more requests."""
        if self.ran_out or len(self.ledger.outcome) >= self.plan.least:
            return False
        return monotonic() - self.ledger.opened < LONGEST_WINDOW

    async def _pass(self, seconds: float) -> None:
        """Let time pass, but end the phase at once if no request is left to send."""
        if not isinstance(self.plan.requests, Stock):
            await asyncio.sleep(seconds)
        elif not self.ran_out:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.dry.wait(), seconds)

    def out_of_requests(self, user: User) -> None:
        super().out_of_requests(user)
        self.dry.set()

    async def _tail(self) -> None:
        """Users go on, so that what was sent in `measure` is answered under the same load."""
        self.notice("tail")
        self.tally = self.ledger.tallies["tail"]
        self.at_once = False
        for user in self.users:
            user.at_once = False
        self.owing = {user for user in self.users if user.busy and user.tally is None}
        if self.owing:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(
                    self.answered.wait(), longest_tail(max(self.plan.cycle, self._mean_cycle()))
                )

    async def _drain(self) -> None:
        """Nothing new is sent; every answer is awaited up to its time-out, so that no ok one is missed."""
        self.notice("drain")
        now = monotonic()
        self.starved = self._starved(now)
        for user in self.owing:
            self.ledger.add(user.sent, now, now, CENSORED, user.index)
            user.tally = self.ledger.late
        self.answered.clear()
        self.owing = {user for user in self.users if user.busy}
        self.draining = True
        for user in self.users:
            user.rest()
        if self.owing:
            await self.answered.wait()

    def finished(self, user: User, now: float, delay: float) -> None:
        user.busy = False
        if self.owing:
            self.owing.discard(user)
            if not self.owing:
                self.answered.set()
        if self.draining:
            user.rest()
        else:
            user.start(now, delay)

    def woken(self, now: float, due: float) -> None:
        if self.ledger.opened and not self.closed:
            self.idle += max(0.0, now - max(due, self.ledger.opened) - TIMER_GRACE)

    def _overdue(self, user: User) -> float:
        """Time in the window in which this user, who is not busy, should have been."""
        if user.timer is None:
            return self.closed - self.ledger.opened
        return max(0.0, self.closed - max(user.due, self.ledger.opened) - TIMER_GRACE)

    def _starved(self, now: float) -> int:
        """Users whose request was on its way all the time, while the others had their answers."""
        if not self.ledger.latency:
            return 0
        longest = STARVING * max(self.ledger.latency)
        opened = self.ledger.opened
        return sum(user.busy and user.sent < opened and now - user.sent > longest for user in self.users)

    def _mean_cycle(self) -> float:
        return sum(self.ledger.cycle) / max(1, len(self.ledger.cycle))

    def result(self) -> SlotResult:
        window = max(1e-9, self.closed - self.ledger.opened)  # none at all if requests ran out before it
        occupied = 1.0 if self.ran_out else 1.0 - self.idle / (window * len(self.users))
        agent_cpu = self.cpu / window
        complaints = checks.complaints(self.ledger.counts(), agent_cpu)
        result = self.ledger.result(self, agent_cpu=agent_cpu, occupied=occupied, complaints=complaints)
        return replace(result, starved=self.starved)
