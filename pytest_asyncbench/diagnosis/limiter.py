"""What limits a server: an ordered set of small rules over its counters. Pure.

Each rule says how strongly its sign is seen: from 1 on it is the limiter, and the first such rule decides. If none is,
the limiter is "not clear", and the two that came nearest are told: no guess.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pytest_asyncbench.diagnosis.counters import Counters, DatabaseUse
from pytest_asyncbench.units import show_seconds

Name: TypeAlias = Literal[
    "generator",
    "server cpu",
    "database cpu",
    "row locks",
    "connection set-up",
    "pool",
    "idle in transaction",
    "rows fetched",
    "upstream",
    "event loop blocked",
    "machine",
    "not clear",
]

AGENT_BUSY = 0.8
STOLEN = 0.1
BUSY = 0.85
"""Cores of one process from which on it is at its limit: a Python process runs on one core at a time."""
SATURATED = 0.85
"""Share of all cores in use from which on nobody gets more."""
OURS = 0.3
"""Share of all cores that server and database must use of those: others may have saturated the machine."""
MOST_OF_IT = 0.6
"""Share of the CPU used by server and database from which on it is the one's or the other's."""
DATABASE_BUSY = 0.7
"""Share of all cores from which on the database is at its limit by itself."""
MANY_ROWS = 100
HALF = 0.5
OUTSIDE = 0.25
"""Share of the CPU used that PostgreSQL uses outside of statements from which on connecting is what takes it."""
USED_UP = 0.85
"""Share of the connections in use from which on there is none left for most of the time."""
QUEUE = 1.5
"""Requests in flight for each connection from which on they wait for one."""
IDLE = 0.6
"""Cores of the busiest process below which it mostly waits."""
NOT_USED_UP = "nothing is used up: the load is less than the server can do, or it waits for something else"
UNKNOWN = "-"
FAINT = 0.4
"""Strength of a sign below which it is not even told as a possibility."""
ONE = 1.35
"""Requests worked on at once, for each worker, below which they go one after another."""
SEVERAL = 3.0
"""Requests in flight for each worker from which on they could have been side by side."""
WAITED = 0.005
"""Seconds that a request takes alone from which on it may be waiting for something else."""


@dataclass(frozen=True, slots=True)
class Sign:
    """How strongly something is seen (from 1 on it decides), and its numbers in words."""

    name: Name
    strength: float
    evidence: str


@dataclass(frozen=True, slots=True)
class Limiter:
    """What limits a server: `.name`, and its numbers in words, `.evidence`. `likeliest` are the nearest, best first."""

    name: Name
    evidence: str
    likeliest: tuple[Sign, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}: {self.evidence}"


Rule: TypeAlias = Callable[[Counters], Sign]


def limiter(seen: Counters) -> Limiter:
    """The first rule whose sign is clear; else "not clear" with the two nearest."""
    signs = [rule(seen) for rule in RULES]
    nearest = tuple(sorted(signs, key=lambda sign: -sign.strength)[:2])
    for sign in signs:
        if sign.strength >= 1:
            crowd = [_crowd(seen)] if _is_crowded(seen) and sign.name in WAITING else []
            return Limiter(sign.name, "; ".join((sign.evidence, *crowd)), nearest)
    faint = [f"{sign.name} ({sign.evidence})" for sign in nearest if sign.strength >= FAINT]
    told = [f"perhaps {' or '.join(faint)}"] if faint else []
    if _is_crowded(seen):
        told.insert(0, _crowd(seen))
    return Limiter("not clear", "; ".join(told) or NOT_USED_UP, nearest)


def generator(seen: Counters) -> Sign:
    """The load agent near one core."""
    return Sign("generator", seen.agent / AGENT_BUSY, f"the load agent used {seen.agent:.0%} of its core")


def machine(seen: Counters) -> Sign:
    """Time taken by the hypervisor, or by a CPU quota."""
    quota = f"the CPU quota was used up in {seen.throttled:.0%} of its periods"
    told = f"{seen.stolen:.0%} of the CPU time was stolen, {quota}"
    return Sign("machine", max(seen.stolen, seen.throttled) / STOLEN, told)


def row_locks(seen: Counters) -> Sign:
    """Most statements wait for a lock of another transaction."""
    use = seen.database or NOTHING
    told = f"{use.locked:.1f} of {use.active:.1f} active backends wait for a lock of another transaction"
    return Sign("row locks", min(use.locked, _share(use.locked, use.active) / HALF), told)


def rows_fetched(seen: Counters) -> Sign:
    """Many rows per request, while the server or the database is busy with them."""
    use = seen.database or NOTHING
    writing = use.count("active", "Client", "ClientWrite")
    busy = max(seen.busiest, seen.db, seen.server / seen.cores, writing)
    told = f"{use.rows:,.0f} rows per request, server {_server(seen)}, database {_database(seen)}"
    return Sign("rows fetched", min(use.rows / MANY_ROWS, busy / IDLE), told)


def connection_setup(seen: Counters) -> Sign:
    """About one new connection per request, and PostgreSQL busy with something that is no statement."""
    use = seen.database or NOTHING
    outside = _share(max(0.0, seen.db - use.executing), seen.server + seen.db)
    new = f"{use.connections:.2f} new connections per request"
    postgres = f"PostgreSQL {_database(seen)}, {use.executing:.2f} of them in statements"
    told = f"{new}; {postgres}; server {_server(seen)}"
    busy = max(seen.busiest, seen.machine) / IDLE
    return Sign("connection set-up", min(use.connections / HALF, outside / OUTSIDE, busy), told)


def server_cpu(seen: Counters) -> Sign:
    """A process of the server near one core; or the whole machine in use, most of it by the server."""
    alone = seen.busiest / BUSY
    together = _saturated(seen, seen.server)
    processes = [(cpu, waiting) for cpu, waiting in seen.processes[: seen.workers + 1] if cpu >= 0.01]
    each = " + ".join(f"{cpu:.2f}" for cpu, _ in processes) or ("0" if seen.processes else UNKNOWN)
    waiting = sum(waiting for _, waiting in processes)
    in_use = f"{seen.machine:.0%} of {seen.cores} cores in use"
    ready = f", {waiting:.1f} threads ready without one" if waiting >= HALF else ""
    told = f"its processes use {each} cores{_worker(seen)}{ready}; database {_database(seen)}, {in_use}"
    return Sign("server cpu", max(alone, together), told)


def database_cpu(seen: Counters) -> Sign:
    """PostgreSQL uses most cores; or the whole machine is in use, most of it by PostgreSQL."""
    alone = seen.db / seen.cores / DATABASE_BUSY
    together = _saturated(seen, seen.db)
    running = (seen.database or NOTHING).count("active", "")
    told = f"PostgreSQL {_database(seen)} of {seen.cores}, {running:.1f} backends run; server {_server(seen)}"
    return Sign("database cpu", max(alone, together), told)


def idle_in_transaction(seen: Counters) -> Sign:
    """Connections in use whose application holds a transaction and does something else."""
    use = seen.database or NOTHING
    held = _share(use.idle_in_transaction, use.idle_in_transaction + use.active)
    idle = f"{use.idle_in_transaction:.1f} of {use.total:.1f} connections are idle in a transaction"
    strength = min(held / MOST_OF_IT, use.used / USED_UP, use.idle_in_transaction / HALF)
    return Sign("idle in transaction", strength, f"{idle}, {use.active:.1f} active")


def pool(seen: Counters) -> Sign:
    """All connections in use, and more requests than connections. Who makes one for each request has no pool."""
    use = seen.database or NOTHING
    queue = _share(seen.users, use.total)
    told = f"{use.used:.0%} of {use.total:.1f} connections in use, {seen.users:.0f} requests in flight"
    return Sign("pool", min(use.used / USED_UP, queue / QUEUE) * (use.connections < HALF), told)


def event_loop_blocked(seen: Counters) -> Sign:
    """Requests one after another on an event loop that does not compute."""
    if seen.mode not in EVENT_LOOPS or not seen.alone or not seen.processes:
        return Sign("event loop blocked", 0.0, "")
    at_once = seen.at_once / seen.workers
    several = seen.users / seen.workers
    told = (
        f"{at_once:.1f} requests at once on each event loop, {several:.0f} in flight; one takes "
        f"{show_seconds(seen.alone)} alone, {show_seconds(seen.latency)} together; server {_server(seen)}"
    )
    strength = min(
        ONE / max(at_once, 0.01), several / SEVERAL, IDLE / max(seen.busiest, 0.01), seen.alone / WAITED
    )
    return Sign("event loop blocked", strength * (seen.computed <= HALF), told)


def upstream(seen: Counters) -> Sign:
    """Everything idle, and requests that wait for something outside."""
    use = seen.database or NOTHING
    ours = (seen.server + seen.db) / seen.cores
    working = max(seen.busiest, ours, use.active - use.count("active", "Client"))
    limit = f" of {seen.concurrency} that it runs at once" if seen.concurrency else ""
    queue = seen.users - (seen.concurrency or math.inf)
    queued = (
        f", {queue:.0f} more queue: more threads or workers would let them wait, too" if queue >= 1 else ""
    )
    told = (
        f"server {_server(seen)}, database {_database(seen)}; a request takes {show_seconds(seen.alone)} alone, "
        f"{show_seconds(seen.latency)} together; {seen.at_once:.0f}{limit} wait side by side{queued}"
    )
    waited = min(
        seen.alone, seen.latency or seen.alone
    )  # one that was slow alone may just have met a busy machine
    strength = min(IDLE / max(working, 0.01), waited / WAITED, HALF / max(seen.computed, 0.01))
    known = seen.alone and seen.processes  # of a server that is not ours nobody knows what it computes
    return Sign("upstream", strength if known else 0.0, told)


NOTHING = DatabaseUse()
EVENT_LOOPS = ("asyncio", "gevent", "greenlets")
RULES: Sequence[Rule] = (
    generator,
    machine,
    row_locks,
    rows_fetched,
    connection_setup,
    server_cpu,
    database_cpu,
    idle_in_transaction,
    pool,
    event_loop_blocked,
    upstream,
)
"""What explains the others comes first: who waits for a lock also holds a connection."""
WAITING: Sequence[Name] = ("event loop blocked", "upstream")
"""What is told by requests that take time and no CPU: on a crowded machine some of it is waiting for a core."""


def _is_crowded(seen: Counters) -> bool:
    """Whether what is not part of the measurement uses much of the machine."""
    return seen.others >= HALF * seen.cores


def _crowd(seen: Counters) -> str:
    who = "something else" if seen.is_seen_whole else "something else, or what cannot be looked at,"
    return f"{who} uses {_cores(seen.others)} of {seen.cores}"


def _saturated(seen: Counters, part: float) -> float:
    """How strongly it is seen that all cores are in use, by these two for a good part, and most of that by one."""
    both = seen.server + seen.db
    return min(seen.machine / SATURATED, both / seen.cores / OURS, _share(part, both) / MOST_OF_IT)


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0


def _cores(number: float) -> str:
    return f"{number:.2f} cores"


def _server(seen: Counters) -> str:
    """CPU of the server; of one that is not ours it is not known, which is not nothing."""
    return _cores(seen.server) if seen.processes else f"{UNKNOWN} cores"


def _database(seen: Counters) -> str:
    return f"{UNKNOWN} cores" if seen.database and seen.database.cpu is None else _cores(seen.db)


def _worker(seen: Counters) -> str:
    """Whether one process is at its limit, and whether the other workers are not."""
    idle = [cpu for cpu, waiting in seen.processes[: seen.workers] if cpu + waiting < HALF * seen.busiest]
    if seen.workers > 1 and idle and seen.busiest >= BUSY:
        return f" (one hot worker of {seen.workers})"
    return " (one core is what a Python process can use)" if seen.busiest >= BUSY else ""
