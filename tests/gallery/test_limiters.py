"""Planted causes, each run for real on a small server: the limiter must be named, with its numbers."""

from __future__ import annotations

import pytest

IN_THE_DATABASE = {
    "/database_cpu": "database cpu",
    "/row_locks": "row locks",
    "/connection_each": "connection set-up",
    "/many_rows": "rows fetched",
}


@pytest.mark.parametrize("path", IN_THE_DATABASE)
def test_in_the_database(gallery, path):
    gallery(
        f"""
@loaded
@pytest.mark.server(wsgi.with_env(POOL=8))
def test_it(load):
    named(load.get({path!r}, users=8, **LONGER), {IN_THE_DATABASE[path]!r})
""",
        passed=1,
    )


def test_deadlocks(gallery):
    gallery(
        """
@loaded
@pytest.mark.server(wsgi.with_env(POOL=8))
@pytest.mark.budget(errors="100%")
def test_it(load):
    run = load.get("/deadlocks", users=8, **LONGER)
    named(run, "row locks")
    assert float(run.deadlocks) > 0
""",
        passed=1,
    )


def test_a_pool_of_one(gallery):
    gallery(
        """
@loaded
@pytest.mark.server(wsgi.with_env(POOL=1))
def test_it(load):
    named(load.get("/small_pool", users=8, **LONGER), "pool")
""",
        passed=1,
    )


def test_transactions_held_open(gallery):
    gallery(
        """
@loaded
@pytest.mark.server(wsgi.with_env(POOL=4))
def test_it(load):
    named(load.get("/idle_in_transaction", users=16, **LONGER), "idle in transaction")
""",
        passed=1,
    )


@pytest.mark.parametrize(("path", "name"), [("/python_cpu", "server cpu"), ("/upstream", "upstream")])
def test_without_a_database(gallery, path, name):
    gallery(
        f"""
@pytest.mark.server(wsgi)
def test_it(load):
    named(load.get({path!r}, users=16, **LONGER), {name!r})
""",
        passed=1,
    )


def test_one_hot_worker_of_two(gallery):
    """One connection that is kept open goes to one worker."""
    gallery(
        """
@pytest.mark.server(wsgi.with_options(workers=2))
def test_it(load):
    run = load.get("/python_cpu", users=1, **LONGER)
    named(run, "server cpu")
    assert "one hot worker of 2" in run.limiter.evidence
""",
        passed=1,
    )


@pytest.mark.parametrize(
    ("path", "name"), [("/loop_cpu", "server cpu"), ("/event_loop_blocked", "event loop blocked")]
)
def test_event_loops(gallery, path, name):
    gallery(
        f"""
@pytest.mark.server(asgi)
def test_it(load):
    named(load.get({path!r}, users=8, **LONGER), {name!r})
""",
        passed=1,
    )


def test_an_upstream_in_sequence_and_side_by_side(gallery):
    gallery(
        """
@pytest.mark.server(asgi)
def test_it(load):
    beside = load.get("/side_by_side", users=8, **LONGER)
    named(beside, "upstream")
    after = load.get("/in_sequence", users=8, **LONGER)
    named(after, "upstream")
    assert float(beside.p50) < 0.75 * float(after.p50)
""",
        passed=1,
    )


def test_psycopg2_under_gevent(gallery):
    """It waits in C, where gevent cannot switch: one request after another.

    Each on a connection of its own: on a kept one the next request can be there before the greenlet reads again, which
    then never switches, and the other users wait for ever.
    """
    gallery(
        """
@loaded
@pytest.mark.server(gunicorn("planted:wsgi", worker_class="gevent", workers=1))
def test_it(load):
    named(load.get("/hub_blocked", users=8, keepalive=False, **LONGER), "event loop blocked")
""",
        passed=1,
    )


HEALTHY = {"server cpu", "database cpu", "not clear"}
"""What a healthy server may be limited by on a machine that others use, too."""


def test_healthy_with_a_database(gallery):
    gallery(
        f"""
@loaded
@pytest.mark.server(wsgi.with_env(POOL=8))
def test_it(load):
    for users in (1, 8):
        for path in ("/one_row", "/n_plus_one"):
            run = load.get(path, users=users, **LONGER)
            assert run.limiter.name in {HEALTHY!r}, str(run.limiter)
""",
        passed=1,
    )


KINDS = [
    "wsgi",
    "wsgi.with_options(workers=2)",
    "asgi",
    'gunicorn("planted:wsgi", workers=2)',
    'gunicorn("planted:wsgi", worker_class="gthread", workers=1, threads=8)',
    'gunicorn("planted:wsgi", worker_class="gevent", workers=1)',
    'uvicorn("planted:asgi")',
    'hypercorn("planted:asgi")',
    'daphne("planted:asgi")',
    # which answers nothing faster than the load agent connects, so that it has to do something
    'uwsgi("planted:wsgi", threads=8, env={"VIEW": "/python_cpu"})',
]


@pytest.mark.parametrize("server", KINDS)
def test_healthy(gallery, server):
    gallery(
        f"""
@pytest.mark.server({server})
def test_it(load):
    for words in (dict(users=8), dict(rate=50)):
        run = load.get("/nothing", **words, **LONGER)
        assert run.limiter.name in {HEALTHY!r}, str(run.limiter)
""",
        passed=1,
    )


def test_a_generator_that_is_too_slow_is_named(gallery):
    gallery(
        """
def slow(response):
    return sum(range(30_000)) > 0

@pytest.mark.server(asgi)
@pytest.mark.budget(rps=1)
def test_it(load):
    load.get("/", users=16, expect=slow, **BRIEF)
""",
        "INVALID *the load agent used * of a core*",
        "*limiter: generator: *",
        failed=1,
    )
