"""Planted causes, each run for real on a small server: the limiter must be named."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_asyncbench import granian, gunicorn

HERE = Path(__file__).parent
wsgi = granian("planted:wsgi", interface="wsgi", workers=1, threads=16, cwd=HERE)
asgi = granian("planted:asgi", interface="asgi", workers=1, cwd=HERE)
loaded = pytest.mark.database(load=["schema.sql"], settings={"deadlock_timeout": "50ms"})
BRIEF = {"duration": "600ms", "warmup": 0}


def named(run, name):
    """The limiter has this name, and its line has numbers."""
    assert run.limiter.name == name, str(run.limiter)
    assert str(run.limiter).startswith(f"{name}: ")
    assert any(letter.isdigit() for letter in run.limiter.evidence)


@loaded
@pytest.mark.server(wsgi.with_env(POOL=8))
@pytest.mark.budget(errors="100%")
def test_in_the_database(load):
    named(load.get("/database_cpu", users=8, **BRIEF), "database cpu")
    named(load.get("/row_locks", users=8, **BRIEF), "row locks")
    named(load.get("/connection_each", users=8, **BRIEF), "connection set-up")
    named(load.get("/many_rows", users=8, **BRIEF), "rows fetched")
    run = load.get("/deadlocks", users=8, **BRIEF)
    named(run, "row locks")
    assert float(run.deadlocks) > 0


@loaded
@pytest.mark.server(wsgi.with_env(POOL=1))
def test_a_pool_of_one(load):
    named(load.get("/small_pool", users=8, **BRIEF), "pool")


@loaded
@pytest.mark.server(wsgi.with_env(POOL=4))
def test_transactions_held_open(load):
    named(load.get("/idle_in_transaction", users=16, **BRIEF), "idle in transaction")


@pytest.mark.server(wsgi)
def test_without_a_database(load):
    named(load.get("/python_cpu", users=8, **BRIEF), "server cpu")
    named(load.get("/upstream", users=16, **BRIEF), "upstream")


@pytest.mark.server(wsgi.with_options(workers=2))
def test_one_hot_worker_of_two(load):
    """One connection that is kept open goes to one worker."""
    run = load.get("/python_cpu", users=1, **BRIEF)
    named(run, "server cpu")
    assert "one hot worker of 2" in run.limiter.evidence


@pytest.mark.server(asgi)
def test_event_loops(load):
    named(load.get("/loop_cpu", users=8, **BRIEF), "server cpu")
    named(load.get("/event_loop_blocked", users=8, **BRIEF), "event loop blocked")
    beside = load.get("/side_by_side", users=8, **BRIEF)
    named(beside, "upstream")
    after = load.get("/in_sequence", users=8, **BRIEF)
    named(after, "upstream")
    assert float(beside.p50) < 0.75 * float(after.p50)


@loaded
@pytest.mark.server(gunicorn("planted:wsgi", worker_class="gevent", workers=1, cwd=HERE))
def test_psycopg2_under_gevent(load):
    """It waits in C, where gevent cannot switch: one request after another.

    Each on a connection of its own: on a kept one the next request can be there before the greenlet reads again, which
    then never switches, and the other users wait for ever.
    """
    named(load.get("/hub_blocked", users=8, keepalive=False, **BRIEF), "event loop blocked")


HEALTHY = {"server cpu", "database cpu", "not clear"}
"""What a healthy server may be limited by on a machine that others use, too."""


@loaded
@pytest.mark.server(wsgi.with_env(POOL=8))
def test_healthy_with_a_database(load):
    for users in (1, 8):
        assert load.get("/one_row", users=users, **BRIEF).limiter.name in HEALTHY
        assert load.get("/n_plus_one", users=users, **BRIEF).limiter.name in HEALTHY


@pytest.mark.parametrize("server", [wsgi, asgi, wsgi.with_options(workers=2)], indirect=True)
def test_healthy(load, server):
    assert load.get("/nothing", users=8, **BRIEF).limiter.name in HEALTHY
    assert load.get("/", rate=50, **BRIEF).limiter.name in HEALTHY
