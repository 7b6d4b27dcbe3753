"""Several load agents that work as one: users divided, one start, samples merged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Self, TypeVar

from pytest_asyncbench.agent.checks import SPARE, local_ports
from pytest_asyncbench.agent.client import Agent, SlotRefused
from pytest_asyncbench.errors import AgentLost
from pytest_asyncbench.traffic.division import divide
from pytest_asyncbench.traffic.merging import merge
from pytest_asyncbench.traffic.plan import Plan
from pytest_asyncbench.traffic.samples import SlotResult

Result = TypeVar("Result")


class AgentGroup:
    """Load agents, each a process, with the interface of one. A context manager that closes them.

    `run` may be used by one thread at a time; `cancel` by any.
    """

    def __init__(self, agents: Sequence[Agent]) -> None:
        self._agents = tuple(agents)

    @classmethod
    def start(cls, count: int) -> Self:
        """Start `count` agents without waiting for them. Raises ProcessError; none is left running then."""
        agents: list[Agent] = []
        try:
            for _ in range(count):
                agents.append(Agent.start())
        except BaseException:
            for agent in agents:
                agent.close()
            raise
        return cls(agents)

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that generate the load."""
        return tuple(agent.pid for agent in self._agents)

    @property
    def is_closed(self) -> bool:
        """Whether one of them was closed, or lost: the others cannot do its part."""
        return any(agent.is_closed for agent in self._agents)

    def run(self, plan: Plan, notice: Callable[[str], None] | None = None) -> SlotResult:
        """Run one slot on as many of the agents as it has users for, and wait for all of them.

        No user sends before those of all agents are connected. `notice` is told the phases of the first agent. Raises
        what `Agent.run` raises, for the first agent that fails; the slots of the others are cancelled then.
        """
        _require_ports(plan.users)
        parts = divide(plan, len(self._agents))
        busy = self._agents[: len(parts)]
        try:
            return merge(_run_together(busy, parts, notice))
        except BaseException:
            for agent in busy:
                agent.abandon()
            raise

    def cancel(self) -> None:
        """End the slot that is running, if one is; its `run` raises SlotCancelled."""
        for agent in self._agents:
            if not agent.is_closed:
                agent.cancel()

    def close(self) -> None:
        """End all agents. Calling it again does nothing."""
        for agent in self._agents:
            agent.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def _run_together(
    agents: Sequence[Agent], parts: Sequence[Plan], notice: Callable[[str], None] | None
) -> list[SlotResult]:
    hold = len(agents) > 1
    for number, part in enumerate(parts):
        _named(partial(agents[number].begin, part, hold=hold), number, agents)
    if hold:
        for act in (Agent.until_held, Agent.go):
            for number, agent in enumerate(agents):
                _named(partial(act, agent), number, agents)
    told = [notice, *[None] * (len(agents) - 1)]
    return [
        _named(partial(agent.result, told[number]), number, agents) for number, agent in enumerate(agents)
    ]


def _named(act: Callable[[], Result], number: int, agents: Sequence[Agent]) -> Result:
    """What `act` returns; a lost agent is told by its number where there are several."""
    try:
        return act()
    except AgentLost as error:
        if len(agents) == 1:
            raise
        raise AgentLost(f"load agent {number + 1} of {len(agents)}: {error}") from None


def _require_ports(users: int) -> None:
    """Raise SlotRefused if there are too few local ports for the users of all agents together."""
    if users + SPARE > local_ports():
        raise SlotRefused(f"{users} users need {users + SPARE} local ports; the system gives {local_ports()}")
