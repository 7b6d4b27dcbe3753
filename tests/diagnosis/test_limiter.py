"""The rules over counters: each names what it is for, in its order, and nothing when nothing is clear."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.diagnosis.counters import Counters, DatabaseUse, counters_of
from pytest_asyncbench.diagnosis.limiter import RULES, Limiter, Name, limiter
from pytest_asyncbench.measure.watching import DatabaseCounters, SlotCounters
from pytest_asyncbench.servers.factories import gunicorn

IDLE = ("idle", "Client", "ClientRead")
ACTIVE = ("active", "", "")
LOCKED = ("active", "Lock", "transactionid")
HELD = ("idle in transaction", "Client", "ClientRead")

QUIET = Counters(users=1, rps=50, latency=0.001, alone=0.001, cores=2, processes=((0.05, 0.0),), busy=0.1)
"""Little load on a server that could do much more."""


def use(**words: object) -> DatabaseUse:
    return DatabaseUse(**{"cpu": 0.1, "queries": 1.0, "rows": 1.0, **words})


SEEN = {
    "generator": replace(QUIET, agent=0.9),
    "machine": replace(QUIET, stolen=0.15),
    "row locks": replace(QUIET, database=use(backends={LOCKED: 5.0, ACTIVE: 1.0})),
    "rows fetched": replace(QUIET, processes=((0.9, 0.0),), database=use(rows=1000.0)),
    "connection set-up": replace(
        QUIET, processes=((0.6, 0.5),), database=use(cpu=0.8, executing=0.1, connections=1.0)
    ),
    "server cpu": replace(QUIET, processes=((0.97, 0.0), (0.03, 0.0))),
    "database cpu": replace(QUIET, database=use(cpu=1.7, executing=4.0, backends={ACTIVE: 3.0})),
    "idle in transaction": replace(QUIET, users=16, database=use(backends={HELD: 4.0})),
    "pool": replace(QUIET, users=8, database=use(backends={("active", "Timeout", "PgSleep"): 1.0})),
    "event loop blocked": replace(QUIET, users=8, rps=100, latency=0.08, alone=0.01, mode="asyncio"),
    "upstream": replace(QUIET, users=8, rps=80, latency=0.1, alone=0.1, mode="asyncio"),
    "not clear": QUIET,
}


@pytest.mark.parametrize("name", get_args(Name))
def test_each_is_named(name):
    found = limiter(SEEN[name])
    assert found.name == name
    assert str(found) == f"{name}: {found.evidence}"


def test_who_waits_for_a_lock_holds_a_connection_too():
    both = replace(QUIET, users=32, database=use(backends={LOCKED: 7.0, HELD: 1.0}))
    assert limiter(both).name == "row locks"


def test_a_process_that_others_keep_from_the_cpu_is_at_its_limit_too():
    assert limiter(replace(QUIET, processes=((0.5, 0.6),))).name == "server cpu"
    assert limiter(replace(QUIET, processes=((0.3, 0.1),))).name == "not clear"
    crowded = limiter(replace(QUIET, processes=((0.1, 3.0),), busy=1.0))
    assert crowded.name == "not clear"
    assert crowded.evidence.startswith("something else uses 1.90 cores of 2")


@pytest.mark.parametrize("name", ["upstream", "event loop blocked", "server cpu"])
def test_of_a_server_that_is_not_ours_nothing_is_guessed(name):
    assert limiter(replace(SEEN[name], processes=())).name == "not clear"


def test_one_hot_worker_is_told():
    seen = replace(QUIET, workers=2, processes=((0.95, 0.0), (0.1, 0.0)))
    assert "one hot worker of 2" in limiter(seen).evidence


def test_a_machine_that_others_saturate_is_not_the_servers_doing():
    assert limiter(replace(SEEN["upstream"], busy=1.0)).name == "upstream"
    assert limiter(replace(QUIET, busy=1.0)).name == "not clear"
    busy = replace(QUIET, busy=1.0, processes=((0.6, 0.1),), database=use(cpu=0.2))
    assert limiter(busy).name == "server cpu"
    assert limiter(replace(busy, processes=((0.2, 0.1),), database=use(cpu=0.6))).name == "database cpu"


def test_nothing_clear_names_the_two_nearest():
    seen = replace(QUIET, processes=((0.6, 0.0),), database=use(cpu=0.9))
    found = limiter(seen)
    assert (found.name, len(found.likeliest)) == ("not clear", 2)
    assert found.evidence.startswith("perhaps database cpu (")
    assert " or server cpu (" in found.evidence
    assert limiter(QUIET).evidence.startswith("nothing is used up")


shares = st.floats(0, 4)


@given(st.builds(Counters, users=shares, rps=shares, latency=shares, alone=shares, agent=shares, busy=shares))
def test_any_counters_have_a_limiter(seen):
    found = limiter(seen)
    assert isinstance(found, Limiter)
    assert found.name in get_args(Name)
    assert all(sign.strength >= 0 for sign in found.likeliest)
    assert len(RULES) == len(get_args(Name)) - 1


def test_counters_of_slots(make_evidence):
    database = DatabaseCounters(0.4, 600, 1200, 0.1, 30, 0, {ACTIVE: 2.0}, 10, 4)
    counters = SlotCounters(0.8, 2, ((0.5, 0.1), (0.1, 0.0)), 8, 100, 0.5, 0.0, 0.2, database)
    evidence = make_evidence({"a": [100.0, 100.0], "b": [100.0, 100.0]}, alone={"a": 0.005})
    watched = tuple(tuple(replace(slot, counters=counters) for slot in row) for row in evidence.rounds)
    seen = counters_of(replace(evidence, rounds=watched), "a")
    assert (seen.users, seen.rps, seen.alone) == (pytest.approx(1), pytest.approx(100), 0.005)
    assert seen.processes == ((pytest.approx(0.5), pytest.approx(0.1)), (pytest.approx(0.1), 0))
    assert (seen.throttled, seen.cores, seen.workers, seen.concurrency) == (pytest.approx(0.2), 2, 1, 4)
    use = seen.database
    assert (use.cpu, use.queries, use.rows, use.connections) == (pytest.approx(0.5), 2, 4, 0.1)
    assert use.active == pytest.approx(2)
    assert counters_of(evidence, "a") is None


def test_a_blocked_loop_that_serves_one_user_only_is_named_all_the_same(make_evidence):
    """The one has its answers as fast as if it was alone, and is: the others wait."""
    evidence = make_evidence({"a": [800.0]}, slots={"a": {"users": 8}}, alone={"a": 0.01})
    spec = gunicorn("app:wsgi", worker_class="gevent", workers=1)
    counters = SlotCounters(0.5, 2, ((0.07, 0.0),), 2, 20, 0.1, 0.0, 0.0)
    rounds = tuple(
        tuple(replace(each, counters=counters, samples=replace(each.samples, starved=7)) for each in row)
        for row in evidence.rounds
    )
    seen = counters_of(replace(evidence, rounds=rounds, specs={"a": spec}), "a")
    assert (seen.users, seen.rps, seen.latency) == (pytest.approx(8), pytest.approx(100), pytest.approx(0.01))
    assert limiter(seen).name == "event loop blocked"


@pytest.mark.parametrize("mode", ["threads", "asyncio"])
def test_who_waits_for_the_cpu_waits_for_nothing_else(mode):
    """A process that computes 4 ms a request, and gets a tenth of what it needs as others are running."""
    kept = Counters(
        users=8, rps=40, latency=0.2, alone=0.012, mode=mode, cores=2, processes=((0.19, 0.8),), busy=1.0
    )
    assert str(limiter(kept)).startswith("not clear: something else uses 1.81 cores of 2")


def test_one_request_that_was_slow_alone_is_no_upstream():
    assert limiter(replace(QUIET, alone=0.02, latency=0.0006)).name == "not clear"


def test_who_queues_behind_those_that_wait_is_told():
    two_threads = replace(
        QUIET,
        users=8,
        rps=3.3,
        latency=2.4,
        alone=0.6,
        mode="threads",
        concurrency=2,
        processes=((0.02, 0.0),),
    )
    told = "2 of 2 that it runs at once wait side by side, 6 more queue: "
    told += "more threads or workers would let them wait, too"
    assert limiter(two_threads).name == "upstream"
    assert limiter(two_threads).evidence.endswith(told)
    assert "queue" not in limiter(replace(two_threads, rps=8 / 0.6, latency=0.6, concurrency=100)).evidence


def test_connections_that_are_made_for_each_request_are_no_pool():
    """psycopg2 under gevent: one request after another, each on a connection of its own."""
    held = {("active", "Timeout", "PgSleep"): 1.0}
    blocked = replace(QUIET, users=10, rps=5, latency=2.0, alone=0.2, mode="gevent")
    assert limiter(replace(blocked, database=use(backends=held))).name == "pool"
    assert (
        limiter(replace(blocked, database=use(backends=held, connections=1.0))).name == "event loop blocked"
    )


@pytest.mark.parametrize("name", ["upstream", "event loop blocked"])
def test_who_waits_on_a_machine_that_others_use_may_wait_for_a_core(name):
    assert limiter(replace(SEEN[name], busy=1.0)).evidence.endswith("; something else uses 1.95 cores of 2")
    assert "something else" not in limiter(SEEN[name]).evidence


def test_what_cannot_be_looked_at_is_unknown_and_not_nothing():
    """A server and a PostgreSQL that were not started here; this machine is busy, perhaps with them."""
    use = DatabaseUse(cpu=None, connections=1.0, backends={ACTIVE: 2.0})
    seen = replace(QUIET, processes=(), busy=0.9, cores=2, database=use)
    found = limiter(seen)
    assert found.name == "not clear"
    assert "something else, or what cannot be looked at, uses 1.80 cores of 2" in found.evidence
    told = {sign.name: sign.evidence for sign in (rule(seen) for rule in RULES)}
    assert "PostgreSQL - cores" in told["connection set-up"]
    assert "its processes use - cores; database - cores" in told["server cpu"]
    assert "server - cores" in told["database cpu"]
    assert not any("0.00 cores" in text for text in told.values())
