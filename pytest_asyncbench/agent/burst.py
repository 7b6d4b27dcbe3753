"""A fixed number of requests: to check answers, to count queries per request exactly."""

from __future__ import annotations

import asyncio
from time import monotonic, process_time

from pytest_asyncbench.agent import checks
from pytest_asyncbench.agent.slot import Slot
from pytest_asyncbench.agent.user import User, turns
from pytest_asyncbench.traffic.plan import Burst
from pytest_asyncbench.traffic.samples import SlotResult


class BurstRun(Slot):
    """`count` requests, all of them samples; `measure` lasts from the first send to the last answer."""

    plan: Burst

    async def load(self) -> None:
        self.notice("measure")
        self.remaining = self.outstanding = self.plan.count
        self.answered = asyncio.Event()
        everybody = self.dealt or turns(len(self.plan.requests), 0)
        for user in self.users:
            user.turns = everybody  # one order for all: each request is sent equally often
        self.started = self.ledger.opened = monotonic()
        self.cpu = process_time()
        for user in self.users:
            self._send_next(user, self.started, 0.0)
        await self.answered.wait()
        self.cpu = process_time() - self.cpu
        self.closed = monotonic()

    def _send_next(self, user: User, now: float, delay: float) -> None:
        if self.remaining:
            self.remaining -= 1
            user.start(now, delay)
        else:
            user.rest()

    def out_of_requests(self, user: User) -> None:
        super().out_of_requests(user)
        self.outstanding -= self.remaining
        self.remaining = 0
        self._one_less()

    def finished(self, user: User, now: float, delay: float) -> None:
        user.busy = False
        self._send_next(user, now, delay)
        self._one_less()

    def _one_less(self) -> None:
        self.outstanding -= 1
        if not self.outstanding:
            self.answered.set()

    def result(self) -> SlotResult:
        return self.ledger.result(
            self,
            agent_cpu=self.cpu / max(1e-9, self.closed - self.started),
            occupied=1.0,
            complaints=checks.generator_outcomes(self.ledger.counts()),
        )
