"""What one variant and its database did under load, as the few numbers that the rules look at. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from pytest_asyncbench.errors import UnknownValue
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.percentiles import mean, rps
from pytest_asyncbench.measure.watching import DatabaseCounters, SlotCounters

Backends = Mapping[tuple[str, str, str], float]
SOME = 0.25
"""Cores that a process gets, from which on its waiting for more says that it needs more."""
LOCKS = ("transactionid", "tuple", "relation", "object", "advisory", "virtualxid")


@dataclass(frozen=True, slots=True)
class DatabaseUse:
    """A database under load. `cpu` in cores (None: not ours), `executing` the mean number of statements that run, the
    rest per request; `backends` is their mean number by state, type of what they wait for, and what they wait for."""

    cpu: float | None = 0.0
    executing: float = 0.0
    queries: float = 0.0
    rows: float = 0.0
    connections: float = 0.0
    backends: Backends = field(default_factory=dict)

    def count(self, state: str, kind: str | None = None, event: str | None = None) -> float:
        """Mean number of backends in a state, that wait for that (`kind` "": for nothing)."""
        return sum(
            number
            for (of, waits, what), number in self.backends.items()
            if of == state and kind in (None, waits) and event in (None, what)
        )

    @property
    def total(self) -> float:
        """Mean number of connections."""
        return sum(self.backends.values())

    @property
    def active(self) -> float:
        """Mean number of backends in a statement, waiting or not."""
        return self.count("active")

    @property
    def idle_in_transaction(self) -> float:
        """Mean number of backends whose application holds a transaction open and sends nothing."""
        return sum(
            number for (state, *_), number in self.backends.items() if state.startswith("idle in transaction")
        )

    @property
    def locked(self) -> float:
        """Mean number of backends that wait for a lock that another transaction holds."""
        return sum(self.count("active", "Lock", event) for event in LOCKS)

    @property
    def used(self) -> float:
        """Share of the connections that are not idle."""
        return 1 - self.count("idle") / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Counters:
    """One variant under load.

    `users` is the mean number of requests in flight, `latency` their mean, `alone` that of a request when it was the
    only one (0: not known), in seconds. `mode` and `concurrency` are those of the spec (None: nothing limits it).
    `processes` is the CPU of each process of the server, the busiest first, and the mean number of its threads that are
    ready and have none, in cores; `agent` in cores. `busy` is the share of all cores that anybody uses; `stolen` and
    `throttled` are shares of time.
    """

    users: float
    rps: float
    latency: float
    alone: float = 0.0
    mode: str = "threads"
    concurrency: int | None = None
    workers: int = 1
    cores: int = 1
    processes: tuple[tuple[float, float], ...] = ()
    agent: float = 0.0
    busy: float = 0.0
    stolen: float = 0.0
    throttled: float = 0.0
    database: DatabaseUse | None = None

    @property
    def busiest(self) -> float:
        """What the server's busiest process needs, in cores: also what it does not get, as others are running.

        Of one that gets little that is not told: where very many run, also threads that only wake up wait for long.
        """
        needs = (max(cpu, min(1.0, cpu + waiting * (cpu >= SOME))) for cpu, waiting in self.processes)
        return max(needs, default=0.0)

    @property
    def is_seen_whole(self) -> bool:
        """Whether everything that takes part can be looked at: a server or PostgreSQL that is not ours cannot."""
        return bool(self.processes) and (self.database is None or self.database.cpu is not None)

    @property
    def others(self) -> float:
        """CPU that nobody of these uses, in cores."""
        return max(0.0, self.busy * self.cores - self.server - self.db - self.agent)

    @property
    def server(self) -> float:
        """CPU of the whole server, in cores."""
        return sum(cpu for cpu, _ in self.processes)

    @property
    def db(self) -> float:
        """CPU of PostgreSQL, in cores; 0 where it is not known."""
        return (self.database.cpu or 0.0) if self.database else 0.0

    @property
    def machine(self) -> float:
        """Share of the machine's cores that are in use, by these or by others."""
        return max(self.busy, (self.server + self.db + self.agent) / self.cores)

    @property
    def at_once(self) -> float:
        """How many requests the server works on at once: rate x what one takes alone (Little's law)."""
        return self.rps * self.alone

    @property
    def computed(self) -> float:
        """What a request needs of the CPU, of the server's and the database's, as a share of the time it takes alone.

        That is what the server gets, and what its threads are ready for and do not get as others are running: who waits
        for the CPU does not wait for something else.
        """
        needs = self.server + sum(waiting for _, waiting in self.processes) + self.db
        return needs / self.rps / self.alone if self.rps and self.alone else 1.0


def counters_of(evidence: Evidence, variant: str) -> Counters | None:
    """The counters of one variant's measured slots together; None if it was not watched."""
    slots = [slot for slot in evidence.watched(variant) if slot.counters is not None]
    watched = [slot.counters for slot in slots if slot.counters is not None]
    samples = [slot.samples for slot in slots]
    if not slots:
        return None
    try:
        rate, latency = rps(samples), mean(samples)
    except UnknownValue:  # nothing was ok; why is worth knowing all the same
        ended = [time for each in samples for time in each.latency]
        if not ended:
            return None
        rate, latency = len(ended) / sum(each.window for each in samples), fmean(ended)
    spec = evidence.specs[variant].settled()
    answers = max(1, sum(each.answers for each in samples))
    databases = [each.database for each in watched if each.database is not None]
    return Counters(
        users=rate * latency + fmean(each.starved for each in samples),
        rps=rate,
        latency=latency,
        alone=evidence.alone.get(variant, 0.0),
        mode=spec.mode,
        concurrency=spec.concurrency,
        workers=spec.workers or 1,
        cores=watched[0].cores,
        processes=_by_rank(watched),
        agent=max(each.agent_cpu for each in samples),
        busy=fmean(each.busy for each in watched),
        stolen=fmean(each.stolen for each in watched),
        throttled=fmean(each.throttled for each in watched),
        database=_use(databases, sum(each.seconds for each in watched), answers) if databases else None,
    )


def _by_rank(watched: Sequence[SlotCounters]) -> tuple[tuple[float, float], ...]:
    """Means over the slots of the busiest process, of the second, and so on."""
    longest = max(len(each.processes) for each in watched)
    ranks = [
        [each.processes[rank] for each in watched if rank < len(each.processes)] for rank in range(longest)
    ]
    number = len(watched)
    return tuple(
        (sum(cpu for cpu, _ in rank) / number, sum(wait for _, wait in rank) / number) for rank in ranks
    )


def _use(slots: Sequence[DatabaseCounters], seconds: float, answers: int) -> DatabaseUse:
    looks = max(1, sum(each.looks for each in slots))
    keys = {key for each in slots for key in each.backends}
    cpu = [each.cpu for each in slots]
    return DatabaseUse(
        cpu=None if None in cpu else sum(each or 0.0 for each in cpu) / seconds,
        executing=sum(each.executing for each in slots) / seconds,
        queries=sum(each.queries or 0 for each in slots) / answers,
        rows=sum(each.rows or 0 for each in slots) / answers,
        connections=sum(each.connections or 0 for each in slots) / answers,
        backends={
            key: sum(each.backends.get(key, 0.0) * each.looks for each in slots) / looks for key in keys
        },
    )
