"""Flows: closed-loop load and bursts whose users run a function of the test instead of sending a request."""

from __future__ import annotations

import asyncio
import pickle
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from time import monotonic
from typing import Any

from pytest_asyncbench.agent import checks
from pytest_asyncbench.agent.burst import BurstRun
from pytest_asyncbench.agent.closed import ClosedRun
from pytest_asyncbench.agent.ledger import named
from pytest_asyncbench.agent.slot import Slot
from pytest_asyncbench.agent.steps import Steps
from pytest_asyncbench.agent.visitor import Visit, Visitor
from pytest_asyncbench.traffic.plan import Burst, ClosedSlot, WireFlow
from pytest_asyncbench.traffic.samples import SlotResult

LAST_WORDS = 0.2
"""Seconds that a cancelled visit has for its `finally`."""
KEPT = 8
"""Functions kept, so that what their closures hold lives from slot to slot."""

_functions: dict[bytes, Visit] = {}


class FlowRefused(Exception):
    """A function that cannot be run here, with the reason."""


def function_of(flow: WireFlow) -> Visit:
    """The function of a flow. Raises FlowRefused if it cannot be loaded in this process."""
    if flow.code not in _functions:
        _look_where_the_test_looks(flow.path)
        try:
            function = pickle.loads(flow.code)
        except Exception as error:
            raise FlowRefused(
                f"{flow.name} cannot be loaded in the load agent, which is a process of its own: "
                f"{type(error).__name__}: {error}"
            ) from error
        while len(_functions) >= KEPT:
            del _functions[next(iter(_functions))]
        _functions[flow.code] = function
    return _functions[flow.code]


def _look_where_the_test_looks(path: Sequence[str]) -> None:
    """Behind the standard library, before packages: some of these bring a `tests` or `utils` of their own."""
    packages = (
        number for number, entry in enumerate(sys.path) if entry.endswith(("-packages", "-packages/"))
    )
    place = next(packages, len(sys.path))
    sys.path[place:place] = [entry for entry in dict.fromkeys(path) if entry not in sys.path]


class FlowSlot(Slot):
    """What slots and bursts of flows have in common: their users are visitors, and there are steps."""

    def __init__(self, plan: ClosedSlot | Burst, host: str, notice: Callable[[str], None]) -> None:
        flow = plan.requests[0]
        assert isinstance(flow, WireFlow)
        self.flow = flow
        self.visit = function_of(flow)
        self.steps = Steps()
        self.visitors: list[Visitor] = []
        super().__init__(plan, host, notice)

    def new_user(self, number: int) -> Visitor:
        """The user with that number."""
        visitor = Visitor(self, number, self.flow, self.visit)
        self.visitors.append(visitor)
        return visitor

    def with_steps(self, result: SlotResult) -> SlotResult:
        """The result, with what only flows have.

        An agent that is busy with the function of the test makes figures wrong that depend on time, not counts: a
        flow without any statement about speed is sound.
        """
        cautions = checks.cautions(result.agent_cpu, result.occupied)
        return replace(
            result,
            answers=self.steps.answers(),
            steps=self.steps.result(self.ledger.opened),
            complaints=self._own_failures() or tuple(c for c in result.complaints if c not in cautions),
            cautions=cautions,
        )

    def _own_failures(self) -> tuple[str, ...]:
        """What failed in the agent, also where the function went on all the same."""
        totals = {name: named(step.totals) for name, step in self.steps.by_name.items()}
        return checks.generator_outcomes(totals)

    async def _close(self) -> None:
        await super()._close()
        going = {visitor.visiting for visitor in self.visitors if visitor.visiting is not None}
        if going:
            await asyncio.wait(going, timeout=LAST_WORDS)
        for visitor in self.visitors:
            for caller in visitor.callers:
                await caller.aclose()

    def _hear_of_crash(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A task of the function's own that fails is not the agent's crash."""
        if context.keys() & {"handle", "protocol", "transport"}:
            super()._hear_of_crash(loop, context)


class FlowRun(FlowSlot, ClosedRun):
    """Each user begins its next visit when the last one has ended and it has thought."""

    async def _drain(self) -> None:
        """Visits in progress go on to their end, so that no ok one is missed."""
        now = monotonic()
        for visitor in self.visitors:
            visitor.censor(now)
        await super()._drain()

    def result(self) -> SlotResult:
        """What the slot gave."""
        return self.with_steps(super().result())


class FlowBurst(FlowSlot, BurstRun):
    """A fixed number of visits."""

    def result(self) -> SlotResult:
        """What the burst gave."""
        return self.with_steps(super().result())


def new_flow_slot(plan: ClosedSlot | Burst, host: str, notice: Callable[[str], None]) -> FlowSlot:
    """The slot that a plan of a flow asks for. Raises FlowRefused."""
    return FlowBurst(plan, host, notice) if isinstance(plan, Burst) else FlowRun(plan, host, notice)
