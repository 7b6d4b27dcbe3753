"""What a whole session shares: the load agent, PostgreSQL clusters, the upstream, and the records for the reports."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_asyncbench.agent.client import Agent
    from pytest_asyncbench.agent.group import AgentGroup
    from pytest_asyncbench.agent.launcher import Launcher
    from pytest_asyncbench.baseline.revision import Revision
    from pytest_asyncbench.baseline.worktree import Worktree
    from pytest_asyncbench.postgres import Cluster
    from pytest_asyncbench.testcase import TestCase
    from pytest_asyncbench.upstream.client import Upstream


class Bench:
    """Started piece by piece, each on its first use; `close` ends everything that was started."""

    def __init__(self, postgres: str, profile: str, agents: int | str = 1) -> None:
        self.cases: list[TestCase] = []
        self.notices: list[str] = []
        self._postgres = postgres
        self._profile = profile
        self._agents = agents
        self._agent: Agent | AgentGroup | None = None
        self._launcher: Launcher | None = None
        self._clusters: dict[tuple[tuple[str, object], ...], Cluster] = {}
        self._upstream: Upstream | None = None
        self._worktree: Worktree | None = None
        self._closing = ExitStack()

    def agent(self) -> Agent | AgentGroup:
        """The session's load agent, or several that work as one; a lost one is replaced.

        Raises ProcessError, ClusterError.
        """
        if self._agent is not None and self._agent.is_closed:
            self._agent.close()
            self._agent = None
        if self._agent is None:
            self._agent = self._start_agent()
            self._closing.callback(self._agent.close)
        return self._agent

    def _start_agent(self) -> Agent | AgentGroup:
        from pytest_asyncbench.agent.client import Agent

        if self._agents == 1:
            return Agent.start()
        from pytest_asyncbench.agent.group import AgentGroup

        return AgentGroup.start(self.launcher())

    def launcher(self) -> Launcher:
        """What starts several agents; a cluster is connected to on the first call. Raises ClusterError."""
        if self._launcher is None:
            from pytest_asyncbench.agent.launcher import LocalLauncher

            if isinstance(self._agents, int):
                self._launcher = LocalLauncher(self._agents)
            else:
                from pytest_asyncbench.agent.cluster import DaskLauncher

                cluster = DaskLauncher.connect(self._agents)
                self._closing.callback(cluster.close)
                self._launcher = cluster
        return self._launcher

    def upstream(self, port: int | None = None) -> Upstream:
        """The session's upstream, on a fixed port or a free one. Raises PortInUse, ProcessError."""
        if self._upstream is None:
            from pytest_asyncbench.upstream.client import Upstream

            self._upstream = Upstream.start(port)
            self._closing.callback(self._upstream.close)
        return self._upstream

    def worktree(self, revision: Revision) -> Worktree:
        """The files of a revision, written on first use. Raises NotComparable."""
        if self._worktree is None:
            from pytest_asyncbench.baseline.worktree import check_out

            self._worktree = check_out(revision)
            self._closing.callback(self._worktree.close)
        return self._worktree

    def begin_test(self) -> None:
        """A test begins: what counts by test, counts from zero."""
        if self._upstream is not None:
            self._upstream.reset()

    def cluster(self, settings: Mapping[str, object] | None = None) -> Cluster:
        """The session's PostgreSQL with these settings beside the profile's; one cluster for each distinct set.

        Raises PostgresError with the remedies.
        """
        key = tuple(sorted((settings or {}).items()))
        if key not in self._clusters:
            from pytest_asyncbench.postgres import provide

            cluster = provide(self._postgres, self._profile, dict(key))
            self._clusters[key] = cluster
            self._closing.callback(cluster.close)
        return self._clusters[key]

    def adopt(self, server: object) -> Cluster:
        """A PostgreSQL that somebody else's fixture runs: neither started nor stopped here."""
        from pytest_asyncbench.postgres import Cluster, adopt

        if isinstance(server, Cluster):
            return server
        key = (("adopted", id(server)),)
        if key not in self._clusters:
            self._clusters[key] = adopt(server)
            self._closing.callback(self._clusters[key].close)
        return self._clusters[key]

    def close(self) -> None:
        """End everything, whatever makes trouble; may be called twice."""
        self._agent = None
        self._launcher = None
        self._upstream = None
        self._worktree = None
        self._clusters.clear()
        self._closing.close()
