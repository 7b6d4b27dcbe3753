"""Open-loop load: starts are planned ahead, and made on time whatever the server does."""

from __future__ import annotations

import asyncio
import contextlib
import math
from array import array
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, repeat
from time import monotonic, process_time

from pytest_asyncbench.agent import checks
from pytest_asyncbench.agent.alarm import alarm
from pytest_asyncbench.agent.ledger import CENSORED
from pytest_asyncbench.agent.slot import Slot
from pytest_asyncbench.agent.user import User, turns
from pytest_asyncbench.traffic.arrivals import starts_of
from pytest_asyncbench.traffic.lateness import late_starts
from pytest_asyncbench.traffic.outcomes import OUTCOMES
from pytest_asyncbench.traffic.plan import OpenSlot, longest_tail
from pytest_asyncbench.traffic.samples import SlotResult
from pytest_asyncbench.traffic.sending import Stock

DROPPED, CLIENT_LAG = map(OUTCOMES.index, ("dropped", "client_lag"))

LATEST = 0.1
"""Seconds: a later start is none any more (`client_lag`), since made up for, it would be a burst nobody planned."""
AT_ONCE = 16
"""Starts that are made before the loop looks at answers again, when several are due."""


class Lane(User):
    """One request at a time and the connection that it uses; `intended` is when the request should have started."""

    __slots__ = ("intended",)
    slot: OpenRun

    def __init__(self, slot: OpenRun, number: int) -> None:
        super().__init__(slot, number)
        self.turns = slot.turns
        self.intended = 0.0

    def _finish(self, outcome: int, ended: float | None = None) -> None:
        self.slot.ended_in(self, ended or monotonic(), outcome)


class OpenRun(Slot):
    """Starts requests as planned, each on an idle connection, or on a new one.

    `warm` are idle lanes that had a connection when they were last used, `cold` those that had none. `send_delay` is
    parallel to the ledger's samples.
    """

    plan: OpenSlot

    def make_users(self) -> list[User]:
        return []

    async def _connect(self) -> None:
        """Connections are opened when they are needed."""

    async def load(self) -> None:
        self._prepare()
        self.alarm = alarm(self.loop, self._start_due)
        try:
            await self._settle()
            await self._measure()
            await self._tail()
        finally:
            self.alarm.close()
        await self._drain()

    def _prepare(self) -> None:
        # one order for all: each request is sent equally often
        self.turns = self.dealt or turns(len(self.plan.requests), 0)
        self.warm: list[Lane] = []
        self.cold: list[Lane] = []
        self.in_flight = self.peak = 0
        self.send_delay = array("f")
        self.done = asyncio.Event()
        self.draining = False
        starts = starts_of(self.plan)
        self.started = monotonic()
        self.opens, self.closed = self.started + starts.opens, self.started + starts.closes
        self.ledger.opened = self.opens
        self.missing = starts.measured
        self.coming: Iterator[float] = map(self.started.__add__, chain(starts.planned, starts.later))
        self.due = next(self.coming)

    # Phases. A request belongs to the one in which it should have started.

    async def _settle(self) -> None:
        self.notice("settle")
        self.alarm.set(self.due)
        await _until(self.opens)

    async def _measure(self) -> None:
        self.notice("measure")
        self.cpu = process_time()
        self.cpu_from = monotonic()
        await _until(self.closed)
        self.cpu = (process_time() - self.cpu) / max(1e-9, monotonic() - self.cpu_from)

    async def _tail(self) -> None:
        """Arrivals go on, so that what started in `measure` is answered under the same load."""
        self.notice("tail")
        if self.missing:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.done.wait(), longest_tail(self._mean_latency()))

    async def _drain(self) -> None:
        """Nothing new is sent; every answer is awaited up to its time-out, so that no ok one is missed."""
        self.notice("drain")
        now = monotonic()
        while self.due < self.closed:
            self._not_sent(self.due, now, CLIENT_LAG)
            self.due = next(self.coming)
        for lane in self.users:
            if lane.busy and lane.tally is None and isinstance(lane, Lane):
                self._write_down(lane.intended, lane.sent, now, CENSORED, lane.index)
                lane.tally = self.ledger.late
        self.draining = True
        self.done.clear()
        if self.in_flight:
            await self.done.wait()

    def _mean_latency(self) -> float:
        known = self.ledger.latency
        return max(self.plan.latency, sum(known) / max(1, len(known)))

    # Starts.

    def _start_due(self) -> None:
        now = monotonic()
        for _ in range(AT_ONCE):
            if self.due > now:
                break
            self._start(self.due, now)
            self.due = next(self.coming)
            now = monotonic()
        if self.due < math.inf:
            self.alarm.set(self.due)

    def _start(self, intended: float, now: float) -> None:
        self.tally = self._tally_at(intended)
        lane = None if now - intended > LATEST else self._idle_lane()
        if lane is None:
            self._not_sent(intended, now, CLIENT_LAG if now - intended > LATEST else DROPPED)
            return
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        lane.intended = intended
        lane.busy = True
        lane.send(now)

    def _tally_at(self, intended: float) -> list[int] | None:
        if intended < self.opens:
            return self.ledger.tallies["settle"]
        return None if intended < self.closed else self.ledger.tallies["tail"]

    def _idle_lane(self) -> Lane | None:
        """One with a connection, the last used first; else one without; None if all that there may be are busy."""
        while self.warm:
            lane = self.warm.pop()
            if lane.connection is not None:
                return lane
            self.cold.append(lane)
        if self.cold:
            return self.cold.pop()
        if len(self.users) >= self.plan.max_in_flight:
            return None
        lane = Lane(self, len(self.users))
        self.users.append(lane)
        return lane

    def _not_sent(self, intended: float, now: float, outcome: int) -> None:
        late = f"a start was {now - intended:.3f} s late, more than {LATEST:g} s"
        full = f"{self.plan.max_in_flight} requests were in flight (max_in_flight)"
        self.ledger.explain(outcome, lambda: late if outcome == CLIENT_LAG else full)
        tally = self._tally_at(intended)
        made_ahead = isinstance(self.plan.requests, Stock)  # then what was not sent is for the next start
        index = next(self.turns) if self.turns is not None and not made_ahead else 0
        if tally is None:
            self._write_down(intended, now, now, outcome, index)
        else:
            tally[outcome] += 1

    def out_of_requests(self, user: User) -> None:
        """The slot ends early: there are no more starts."""
        super().out_of_requests(user)
        self.in_flight -= 1
        self.due, self.coming = math.inf, repeat(math.inf)
        self.missing = sum(lane.busy and lane.tally is None for lane in self.users)
        if not self.missing:
            self.done.set()

    # Ends.

    def ended_in(self, lane: Lane, now: float, outcome: int) -> None:
        """A request has ended, and its lane is free."""
        lane.busy = False
        self.in_flight -= 1
        (self.cold if lane.connection is None else self.warm).append(lane)
        if lane.tally is None:
            self._write_down(lane.intended, lane.sent, now, outcome, lane.index)
        else:
            lane.tally[outcome] += 1
        if self.draining and not self.in_flight:
            self.done.set()

    def _write_down(self, intended: float, sent: float, now: float, outcome: int, request: int) -> None:
        self.send_delay.append(sent - intended)
        self.ledger.add_start(intended, now, outcome, request)
        self.missing -= 1
        if not self.missing:
            self.done.set()

    def result(self) -> SlotResult:
        counts = self.ledger.counts()
        result = self.ledger.result(
            self, agent_cpu=self.cpu, occupied=1.0, complaints=checks.complaints(counts, self.cpu)
        )
        result = replace(result, users=self.peak, rate=self.plan.rate, send_delay=self.send_delay)
        return replace(result, complaints=(*result.complaints, *late_starts([result])))


async def _until(when: float) -> None:
    while (left := when - monotonic()) > 0:
        await asyncio.sleep(left)
