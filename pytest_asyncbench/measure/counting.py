"""The fixed burst on which exact numbers are counted: so many checked requests, after a warm-up of the pool."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_asyncbench.errors import AgentLost
from pytest_asyncbench.measure.counts import Counts
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.slot import Slot
from pytest_asyncbench.measure.supply import Supply, SupplyEnded
from pytest_asyncbench.measure.watching import WatchedDatabase, new_connections
from pytest_asyncbench.metrics import metric
from pytest_asyncbench.postgres.counters import peak
from pytest_asyncbench.postgres.statements import between
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.plan import Burst, WireRequest
from pytest_asyncbench.traffic.samples import SlotResult

if TYPE_CHECKING:
    from pytest_asyncbench.measure.subject import LoadAgent, Subject

REQUESTS = 50
"""Of the burst; fewer where they would take longer than `LONGEST`, more where a mix has to come out even."""
FEWEST = 10
"""In a wave of the warm-up of a fast server."""
ALONE = 3
"""Requests that are sent one by one; the fastest tells what a request takes alone."""
LONG = 0.5
"""Seconds from which on one of them is enough."""
LONGEST = 3.0
"""Seconds that a burst should take at most."""
USERS = 4
"""At once, of a fast server: a pool that has warmed up is large enough for so few. A slow one gets all users."""
SLOW = 0.1
"""Seconds of latency from which on a server is a slow one."""
OPEN_USERS = 8
"""At once in the warm-up, where the load has a rate and no users."""
WAVES = 2
"""Requests of each user in a wave of the warm-up."""
TRIES = 8
"""Waves, and then bursts, until one makes no new connection: a pool may go on growing for a while."""
ENOUGH = 4
TRYING = 5.0
"""Seconds after which so many are enough: some servers go on making connections now and then, whatever is done."""
GROWING = 0.5
"""New connections per request below which a pool that grows is the reason; above, connections are not kept."""
PLANNED = 12
"""Requests for each connection after which none of its statements is planned anew: psycopg prepares what it has seen
five times, PostgreSQL takes one plan for all after five more. Planning reads PostgreSQL's own tables, whose rows count.
"""
OFTEN = 0.01
"""Seconds between two looks at the backends during a burst."""


@dataclass(frozen=True, slots=True)
class CountedBurst:
    """The counts of one variant's burst, the burst itself, and ok answers of everything that was sent for it."""

    counts: Counts
    slot: Slot | None
    ok: int


@dataclass(slots=True)
class _Tries:
    """How often it may still be tried."""

    left: int = TRIES
    until: float = field(default_factory=lambda: time.monotonic() + TRYING)

    def used_up(self) -> bool:
        """Count one; whether it was the last."""
        self.left -= 1
        return not self.left or (self.left <= TRIES - ENOUGH and time.monotonic() > self.until)


def count_burst(
    agent: LoadAgent,
    subject: Subject,
    plan: LoadPlan,
    supply: Supply,
    database: WatchedDatabase,
    *,
    alone: float,
    rows_read: bool = False,
) -> CountedBurst:
    """Send the burst and count what it did. `alone` is the latency of a request that is the only one; `rows_read`: wait
    until PostgreSQL has told that, too, ten seconds.

    Raises what the agent and the supply raise.
    """
    deck = _deck(subject.requests, plan)
    users = OPEN_USERS if plan.rate is not None else plan.users

    def burst(count: int, at_once: int) -> SlotResult:
        return send_burst(agent, subject, plan, supply, deck, count, at_once)

    wave = users if alone > SLOW else max(WAVES * users, FEWEST)
    ok = _warm_up(lambda: burst(wave, users), database)
    at_once = users if alone > SLOW else min(USERS, users)
    count = _count(len(deck) or 1, alone, at_once)
    if rows_read:
        ok += _plan_all(lambda: burst(count, at_once), database)
    tries = _Tries()
    while True:
        counts, result = _counted(lambda: burst(count, at_once), database, rows_read)
        ok += result.ok_total
        if tries.used_up() or not _grows(counts.connections, counts.requests):
            return CountedBurst(counts, Slot(subject.variant, 0, result), ok)


def send_burst(
    agent: LoadAgent,
    subject: Subject,
    plan: LoadPlan,
    supply: Supply,
    deck: Sequence[WireRequest],
    count: int,
    at_once: int,
) -> SlotResult:
    """So many requests, so many at once, each checked."""
    asked = Burst(
        subject.target,
        deck,
        min(at_once, count),
        count,
        timeout=plan.timeout,
        keepalive=plan.keepalive,
        expecting=plan.expecting,
    )
    return supply.run(agent.run, subject.variant, subject.host, asked)


def _warm_up(wave: Callable[[], SlotResult], database: WatchedDatabase) -> int:
    """Waves of all users until one makes no new connection, or all of them make their own; the ok answers."""
    ok = 0
    tries = _Tries()
    while True:
        before = database.read()
        result = wave()
        ok += result.ok_total
        made = new_connections(before, database.read())
        if tries.used_up() or not _grows(made, result.answers):
            return ok


def _plan_all(burst: Callable[[], SlotResult], database: WatchedDatabase) -> int:
    """Bursts until the connections have planned their statements; the ok answers."""
    ok = sent = 0
    for _ in range(TRIES):
        if sent >= PLANNED * database.read().backends:
            break
        result = burst()
        ok += result.ok_total
        sent += result.answers
    return ok


def _grows(connections: int | None, requests: int) -> bool:
    return 0 < (connections or 0) < GROWING * requests


def _counted(
    burst: Callable[[], SlotResult], database: WatchedDatabase, rows_read: bool
) -> tuple[Counts, SlotResult]:
    observer = database.observer
    observer.quiet(database.name)
    if rows_read:
        observer.settled(database.name)
    before = database.read()
    with database.sampler(OFTEN) as sampler:
        result = burst()
    observer.quiet(database.name)
    told = rows_read and observer.settled(database.name)
    after = database.read()
    forgot = after.forgotten - before.forgotten
    ran = (
        None
        if after.statements is None or forgot
        else tuple(between(before.statements or {}, after.statements))
    )
    counts = Counts(
        requests=result.answers,
        statements=ran,
        connections=new_connections(before, after),
        rows_read=after.rows_read - before.rows_read if told else None,
        connections_max=peak(sampler, (before, after)),
        lacks=observer.lacks or _lacks(forgot, rows_read),
    )
    return counts, result


def _lacks(forgot: int, rows_read: bool) -> str:
    if forgot:
        return "pg_stat_statements had no room for all statements and has dropped some; raise pg_stat_statements.max"
    if rows_read:
        return "PostgreSQL did not tell within 20 s what its backends have read"
    return "PostgreSQL tells it ten seconds late, which only budget(rows_read_per_request=...) waits for"


def _deck(requests: Sequence[WireRequest], plan: LoadPlan) -> tuple[WireRequest, ...]:
    """The requests as often as a mix has them."""
    if not plan.weights or not requests:
        return tuple(requests)
    divisor = math.gcd(*plan.weights)
    return tuple(
        request
        for request, weight in zip(requests, plan.weights, strict=True)
        for _ in range(weight // divisor)
    )


def _count(deck: int, latency: float, at_once: int) -> int:
    """How many requests: whole decks, so that each request is sent as often as it should be."""
    wanted = REQUESTS if latency <= 0 else min(REQUESTS, max(1, int(LONGEST * at_once / latency)))
    return -(-wanted // deck) * deck


@dataclass(slots=True)
class Counting:
    """The bursts of one load call, sent when this is made: a few requests one by one to every variant, and then the
    burst that is counted on, if it has a database of ours.

    `ok` are the ok answers of each variant to all of them; `supply` has what is left to send, and goes on with the one
    `given`. `refused` are the reasons for which the variants cannot be compared, put here by who looks at them.
    """

    agent: LoadAgent
    subjects: Sequence[Subject]
    plan: LoadPlan
    seed: int
    rows_read: bool = False
    given: Supply | None = None
    supply: Supply = field(init=False)
    ok: dict[str, int] = field(default_factory=dict)
    bursts: dict[str, CountedBurst] = field(default_factory=dict)
    alone: dict[str, float] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    _deadlocks: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.supply = self.given or Supply(self.plan, self.seed, time.monotonic() + self.plan.max_time)
        try:
            for subject in self.subjects:
                self._count(subject)
        except (AgentLost, SupplyEnded) as error:
            self.complaints.append(str(error))

    def suffices(self, judged: Collection[str]) -> bool:
        """Whether everything that is judged, of these metrics, is known already, so that nothing needs to be timed."""
        exact = bool(judged) and all(metric(name).is_exact or name == "errors" for name in judged)
        asked = self.plan.duration is not None or self.plan.rounds is not None
        everywhere = all(subject.variant in self.bursts for subject in self.subjects)
        return bool(self.complaints) or (exact and not asked and everywhere and judged != {"errors"})

    def evidence(self, seconds: float) -> Evidence:
        """What is known when nothing is timed."""
        specs = {subject.variant: subject.spec for subject in self.subjects}
        startups = {subject.variant: subject.startup for subject in self.subjects}
        return Evidence(self.plan, specs, (), self.seed, 0, seconds=seconds, startups=startups)

    def finish(self, evidence: Evidence) -> Evidence:
        """The evidence of the load call with what was counted."""
        counts = {
            subject.variant: finished(
                self.bursts[subject.variant].counts,
                evidence,
                subject.variant,
                self._deadlocks[subject.variant],
                subject.watcher.database,
            )
            for subject in self.subjects
            if subject.variant in self.bursts and subject.watcher and subject.watcher.database
        }
        slots = tuple(burst.slot for burst in self.bursts.values() if burst.slot is not None)
        complaints = tuple(dict.fromkeys((*self.complaints, *evidence.complaints)))
        return replace(
            evidence,
            counts=counts,
            bursts=slots,
            alone=self.alone,
            complaints=complaints,
            notes=(*self.notes, *evidence.notes),
            refused=self.refused,
        )

    def _count(self, subject: Subject) -> None:
        plan = self.plan.of(subject.variant)
        database = subject.watcher.database if subject.watcher else None
        if database is not None:
            self._deadlocks[subject.variant] = database.observer.deadlocks(database.name)[0]
        if plan.stream is not None:
            why = "the requests of an iterator are sent once each, so there is no burst to count on"
            if database is not None:
                self.bursts[subject.variant] = CountedBurst(Counts(lacks=why), None, 0)
            return
        single = send_burst(self.agent, subject, plan, self.supply, subject.requests, 1, 1)
        self.ok[subject.variant] = single.ok_total
        latencies = list(single.latency)
        if single.answers and max(latencies, default=0.0) < LONG:
            more = send_burst(self.agent, subject, plan, self.supply, subject.requests, ALONE - 1, 1)
            self.ok[subject.variant] += more.ok_total
            latencies += more.latency
        self.alone[subject.variant] = min(latencies, default=0.0)
        if database is not None and single.answers:
            found = count_burst(
                self.agent,
                subject,
                plan,
                self.supply,
                database,
                alone=self.alone[subject.variant],
                rows_read=self.rows_read,
            )
            self.bursts[subject.variant] = found
            self.ok[subject.variant] += found.ok
        if broken := subject.died():
            self.complaints.append(broken)


def finished(
    counts: Counts, evidence: Evidence, variant: str, before: int, database: WatchedDatabase
) -> Counts:
    """The counts of a load call that is over: with the connections of its slots, and the deadlocks after `before`."""
    slots = [slot.counters.database for slot in evidence.slots(variant) if slot.counters]
    most = [slot.most for slot in slots if slot is not None]
    number, statements = database.observer.deadlocks(database.name)
    return replace(
        counts,
        connections_max=max([counts.connections_max or 0, *most]),
        deadlocks=number - before,
        deadlocked=statements[before:],
    )
