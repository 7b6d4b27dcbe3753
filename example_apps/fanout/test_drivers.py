"""PostgreSQL drivers under gevent: ten users, one worker, a query that takes 0.2 s.

A driver that waits with gevent lets the others go on: all ten are answered after 0.2 s. One that waits in C keeps the
worker's only thread: the tenth waits 2 s.
"""

import pytest

from fanout.deployments import gunicorn_gevent, uwsgi_gevent

USERS = 10
QUERY = 0.200
CROWDED = "not clear"
"""What limits a server is not told where others keep it from the CPU."""

psycopg2 = {"DB_DRIVER": "psycopg2"}
green = {"DB_DRIVER": "psycopg2", "PSYCOGREEN": "1"}

database = pytest.mark.database(load=["schema.sql"])


def report(load):
    """Each request on a connection of its own: a blocked worker serves kept ones in an order that is not fair."""
    return load.get("/report", users=USERS, warmup=0, duration="1s", keepalive=False)


@database
@pytest.mark.parametrize(
    "server",
    [
        pytest.param(gunicorn_gevent, id="psycopg3"),
        pytest.param(gunicorn_gevent.with_env(**green), id="psycopg2-psycogreen"),
        pytest.param(uwsgi_gevent, id="psycopg3-uwsgi"),
        pytest.param(uwsgi_gevent.with_env(**green), id="psycopg2-psycogreen-uwsgi"),
    ],
    indirect=True,
)
def test_greenlets_wait_side_by_side(load, server):
    """More answers than one query after another could give."""
    assert report(load).rps.value > 2 / QUERY


@database
@pytest.mark.parametrize(
    "server",
    [
        pytest.param(gunicorn_gevent.with_env(**psycopg2), id="psycopg2", marks=pytest.mark.quick),
        pytest.param(gunicorn_gevent.with_options(args=["--preload"]), id="psycopg3-preload"),
    ],
    indirect=True,
)
def test_greenlets_wait_one_after_another(load, server):
    """At most one answer in 0.2 s.

    Look at `limiter: event loop blocked`, and at the note: it names the driver, and what to do about it.
    """
    run = report(load)
    assert run.rps.value <= 1 / QUERY * 1.01
    assert run.limiter.name in ("event loop blocked", CROWDED)
