"""Looks at one variant while it is under load: its processes before and after, its database's backends in between."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field

from pytest_asyncbench.measure import tree
from pytest_asyncbench.measure.usage import cpu_times
from pytest_asyncbench.postgres.counters import ActivitySampler, DatabaseReading, Observer, peak
from pytest_asyncbench.postgres.statements import between, queries, rows

EVERY = 0.1
"""Seconds between two looks at the backends of a database under load."""


@dataclass(frozen=True, slots=True)
class DatabaseCounters:
    """What one variant's database did in a slot.

    `cpu` are CPU seconds of PostgreSQL's whole process tree (None: not ours), without what looking at it cost;
    `executing` seconds in statements; `connections` new ones. `rows_read` counts from the variant's slot before, as
    backends tell it late. `backends` is the mean number of them by state, type of what they wait for, and what they
    wait for, over `looks` looks; `most` the most at once. None: cannot be counted.
    """

    cpu: float | None
    queries: int | None
    rows: int | None
    executing: float
    connections: int | None
    rows_read: int
    backends: Mapping[tuple[str, str, str], float]
    looks: int
    most: int


@dataclass(frozen=True, slots=True)
class SlotCounters:
    """What one variant's server did in a slot of `seconds`, all phases, on a machine of `cores`.

    `processes` is the CPU of each process of the server, the busiest first, and the mean number of its threads that
    were ready and had none, in cores. `switches` says how often a thread got one. `busy` is the share of all cores that
    anybody used, `stolen` the share of the machine's time that its hypervisor took, `throttled` the share of periods in
    which a CPU quota was used up.
    """

    seconds: float
    cores: int
    processes: tuple[tuple[float, float], ...]
    threads: int
    switches: int
    busy: float
    stolen: float
    throttled: float
    database: DatabaseCounters | None = None


@dataclass(slots=True)
class Watching:
    """One slot that is watched; `counters` are there when it has ended."""

    counters: SlotCounters | None = None


def unwatched() -> AbstractContextManager[Watching]:
    """Nothing is looked at."""
    return nullcontext(Watching())


@dataclass(slots=True)
class WatchedDatabase:
    """One variant's database: who reads its counters, and which processes PostgreSQL has (None: not ours)."""

    observer: Observer
    name: str
    pids: Callable[[], Sequence[int] | None]
    last: DatabaseReading | None = None

    def read(self) -> DatabaseReading:
        """Its counters now."""
        return self.observer.read(self.name)

    def sampler(self, every: float = EVERY) -> ActivitySampler:
        """Looks at its backends for as long as the context lasts."""
        return ActivitySampler(lambda: self.observer.activity(self.name), every)

    def cpu(self) -> float | None:
        """CPU seconds of PostgreSQL so far, without those of the observer's own backend."""
        pids = self.pids()
        if pids is None:
            return None
        own = sum(cpu_times([self.observer.pid]).values())
        return tree.read_tree(pids, threads=False).total - own


@dataclass(slots=True)
class Watcher:
    """Watches one variant. `watch` is a context manager around each slot."""

    pids: Callable[[], Sequence[int]]
    database: WatchedDatabase | None = None
    cores: int = field(
        default_factory=lambda: len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    )

    @contextmanager
    def watch(self) -> Iterator[Watching]:
        """Look at the variant while the block runs."""
        watching = Watching()
        pids = self.pids()
        machine, before = tree.read_machine(pids), tree.read_tree(pids)
        began = time.monotonic()
        with self._database() as database:
            yield watching
            seconds = max(1e-6, time.monotonic() - began)
        pids = self.pids()
        after, machine_after = tree.read_tree(pids), tree.read_machine(pids)
        watching.counters = SlotCounters(
            seconds=seconds,
            cores=self.cores,
            processes=tuple(tree.shares(before, after, seconds)),
            threads=after.threads,
            switches=max(0, after.switches - before.switches),
            busy=tree.busy_share(machine, machine_after),
            stolen=tree.stolen_share(machine, machine_after),
            throttled=tree.throttled_share(machine, machine_after),
            database=database[0] if database else None,
        )

    @contextmanager
    def _database(self) -> Iterator[list[DatabaseCounters]]:
        found: list[DatabaseCounters] = []
        if self.database is None:
            yield found
            return
        before, cpu = self.database.read(), self.database.cpu()
        last = self.database.last or before
        with self.database.sampler() as sampler:
            yield found
        after, cpu_after = self.database.read(), self.database.cpu()
        self.database.last = after
        ran = between(before.statements or {}, after.statements or {})
        known = after.statements is not None
        found.append(
            DatabaseCounters(
                cpu=None if cpu is None or cpu_after is None else max(0.0, cpu_after - cpu),
                queries=queries(ran) if known else None,
                rows=rows(ran) if known else None,
                executing=sum(each.seconds for each in ran),
                connections=new_connections(before, after),
                rows_read=after.rows_read - last.rows_read,
                backends={key: number / max(1, sampler.looks) for key, number in sampler.sums.items()},
                looks=sampler.looks,
                most=peak(sampler, (before, after)),
            )
        )


def new_connections(before: DatabaseReading, after: DatabaseReading) -> int | None:
    """Connections that were made between two readings; None where they are not counted."""
    if before.sessions is None or after.sessions is None:
        return None
    return after.sessions - before.sessions
