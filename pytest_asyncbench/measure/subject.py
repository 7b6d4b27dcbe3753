"""Who is under load, and who puts it there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pytest_asyncbench.measure.watching import Watcher
from pytest_asyncbench.servers.launched import Launched
from pytest_asyncbench.servers.spec import ServerSpec
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.plan import Plan, Target, WireRequest
from pytest_asyncbench.traffic.samples import SlotResult


class LoadAgent(Protocol):
    """What sampling needs of an agent: run one slot, and give its samples."""

    def run(self, plan: Plan) -> SlotResult: ...


@dataclass(frozen=True, slots=True)
class Subject:
    """One variant under load: its spec, where it listens, what it is asked, and how to look at it.

    `requests` are empty where they are made ahead of each slot; `host` is the Host that those are sent to;
    `is_reference`: it is there to be compared with, and held to nothing itself; `watcher` looks at it during a slot;
    `launched` is how its server was started, if it was started here.
    """

    variant: str
    spec: ServerSpec
    target: Target
    requests: tuple[WireRequest, ...]
    pids: Callable[[], Sequence[int]]
    died: Callable[[], str | None]
    startup: float = 0.0
    host: str = ""
    cleared: tuple[str, ...] = ()
    is_reference: bool = False
    watcher: Watcher | None = None
    launched: Launched | None = None

    def keeps(self, plan: LoadPlan) -> bool:
        """Whether connections are kept: the plan may not want it, and some servers close each one anyway."""
        return plan.keepalive and self.spec.keepalive is not False
