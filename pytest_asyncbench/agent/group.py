"""Several load agents that work as one: users divided, one start, samples merged."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from time import monotonic
from typing import Self, TypeVar

from pytest_asyncbench.agent.checks import SPARE, local_ports
from pytest_asyncbench.agent.client import Agent, SlotRefused
from pytest_asyncbench.agent.launcher import Launcher
from pytest_asyncbench.agent.reach import require_reach
from pytest_asyncbench.agent.seat import own_network
from pytest_asyncbench.errors import AgentLost
from pytest_asyncbench.traffic.bins import most_raw
from pytest_asyncbench.traffic.division import divide
from pytest_asyncbench.traffic.lateness import late_to_start
from pytest_asyncbench.traffic.merging import merge
from pytest_asyncbench.traffic.plan import Burst, Plan
from pytest_asyncbench.traffic.samples import SlotResult

Result = TypeVar("Result")

LEAD = 0.005
"""Seconds from the start signal until all agents begin, beside what it takes to reach them: one instant for all, not
one after another."""
PER_AGENT = 0.0001
"""Seconds that it takes to send the signal to one of them, at most."""


class AgentGroup:
    """Load agents, each a process somewhere, with the interface of one. A context manager that closes them.

    `run` may be used by one thread at a time; `cancel` by any.
    """

    def __init__(self, agents: Sequence[Agent]) -> None:
        self.each = tuple(agents)
        """The agents."""

    @classmethod
    def start(cls, launcher: Launcher) -> Self:
        """Start agents where `launcher` has them. Raises ProcessError or ClusterError; none is left running then."""
        return cls(launcher.launch())

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that generate the load, each on its host."""
        return tuple(agent.pid for agent in self.each)

    @property
    def is_closed(self) -> bool:
        """Whether one of them was closed, or lost: the others cannot do its part."""
        return any(agent.is_closed for agent in self.each)

    def run(self, plan: Plan, notice: Callable[[str], None] | None = None) -> SlotResult:
        """Run one slot on as many of the agents as it has users for, and wait for all of them.

        No user sends before those of all agents are connected. `notice` is told the phases of the first agent. Raises
        what `Agent.run` raises, for the first agent that fails; the slots of the others are cancelled then.
        """
        parts = divide(plan, len(self.each))
        busy = self.each[: len(parts)]
        require_reach(plan.target, [agent.seat for agent in busy])
        _require_ports(sum(part.users for part, agent in zip(parts, busy, strict=True) if _is_here(agent)))
        try:
            return merge(_run_together(busy, parts, notice))
        except BaseException:
            for agent in busy:
                agent.abandon()
            raise

    def cancel(self) -> None:
        """End the slot that is running, if one is; its `run` raises SlotCancelled."""
        for agent in self.each:
            if not agent.is_closed:
                agent.cancel()

    def close(self) -> None:
        """End all agents. Calling it again does nothing."""
        for agent in self.each:  # then those elsewhere end by themselves, all at the same time
            agent.let_go()
        for agent in self.each:
            agent.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def _run_together(
    agents: Sequence[Agent], parts: Sequence[Plan], notice: Callable[[str], None] | None
) -> Iterator[SlotResult]:
    hold = len(agents) > 1
    most = most_raw(len(agents)) if hold else sys.maxsize
    at = 0.0
    for number, agent in enumerate(agents):
        _named(agent.align, number, agents)
    for number, part in enumerate(parts):
        begin = partial(agents[number].begin, part, hold=hold, tell=number == 0, most=most)
        _named(begin, number, agents)
    if hold:
        for number, agent in enumerate(agents):
            _named(partial(Agent.until_held, agent), number, agents)
        at = monotonic() + LEAD + 2 * max(agent.offset.error for agent in agents) + PER_AGENT * len(agents)
        for number, agent in enumerate(agents):
            _named(partial(agent.go, at), number, agents)
    told = [notice, *[None] * (len(agents) - 1)]
    for number, agent in enumerate(agents):
        others = partial(_require_alive, agents, number + 1)
        result = _named(partial(agent.result, told[number], others), number, agents)
        yield late_to_start(result, at) if hold and not isinstance(parts[0], Burst) else result


def _named(act: Callable[[], Result], number: int, agents: Sequence[Agent]) -> Result:
    """What `act` returns; a lost agent is told by its number where there are several."""
    try:
        return act()
    except _NamedAgentLost:
        raise
    except AgentLost as error:
        if len(agents) == 1:
            raise
        raise _NamedAgentLost(f"load agent {number + 1} of {len(agents)}: {error}") from None


class _NamedAgentLost(AgentLost):
    """The message says already which of the agents it was."""


def _require_alive(agents: Sequence[Agent], first: int) -> None:
    """While one is waited for, notice the loss of those from number `first` on, whose results are still to come."""
    for number in range(first, len(agents)):
        _named(agents[number].require_alive, number, agents)


def _is_here(agent: Agent) -> bool:
    return agent.seat.network == own_network()


def _require_ports(users: int) -> None:
    """Raise SlotRefused if there are too few local ports for the users of all agents here together."""
    if users + SPARE > local_ports():
        raise SlotRefused(f"{users} users need {users + SPARE} local ports; the system gives {local_ports()}")
