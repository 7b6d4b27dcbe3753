"""What starts the agents of a group: processes of this machine, or those of a cluster, behind one small protocol."""

from __future__ import annotations

from typing import Protocol

from pytest_asyncbench.agent.client import Agent


class Launcher(Protocol):
    """Starts agents. A group of agents arms, starts and collects them, wherever they are."""

    @property
    def count(self) -> int:
        """How many agents there will be."""

    def launch(self) -> list[Agent]:
        """Start all of them. Raises ProcessError or ClusterError; none is left running then."""


class LocalLauncher:
    """Starts processes of this machine, without waiting for them."""

    def __init__(self, count: int) -> None:
        self.count = count

    def launch(self) -> list[Agent]:
        agents: list[Agent] = []
        try:
            for _ in range(self.count):
                agents.append(Agent.start())
        except BaseException:
            for agent in agents:
                agent.close()
            raise
        return agents
