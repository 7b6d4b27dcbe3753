"""Three calls to a slow API, 300 + 600 + 150 ms, side by side, on every server of the article.

    pytest example_apps/fanout

The figures are in the summary at the end: `min` is not in its tables, `p50` is; under them stands what limits a server.
"""

import pytest

from fanout.deployments import (
    daphne_async,
    gunicorn_100_threads,
    gunicorn_gevent,
    once,
    uvicorn_async,
    uwsgi_2_threads,
    uwsgi_100_threads,
    uwsgi_gevent,
)
from pytest_asyncbench import grid

SLOWEST = 0.600
ONE_AFTER_ANOTHER = 0.300 + 0.600 + 0.150

SERVERS = [
    gunicorn_100_threads,
    gunicorn_gevent,
    uwsgi_100_threads,
    uwsgi_100_threads.with_options(http="http-keepalive"),
    uwsgi_gevent,
    pytest.param(uvicorn_async, marks=pytest.mark.quick),
    *list(grid(uvicorn_async, loop=["asyncio", "uvloop"], http=["h11", "httptools"]).values())[1:],
    daphne_async,
]


@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_never_below_600_ms(load, server, upstream):
    """No answer before the slowest call's, and no time for the three calls one after the other.

    The minimum is a fact and no estimate, so it is compared as a number. Look at `limiter: upstream`: neither the
    server nor anything else is busy; everybody waits.
    """
    run = load.get("/fanout", users=4, warmup=0, duration="1s")
    assert SLOWEST <= run.min.value < ONE_AFTER_ANOTHER
    assert upstream.requests == 3 * run.ok


@pytest.mark.quick
@pytest.mark.server(uwsgi_2_threads)
def test_two_threads_collapse(load):
    """Two threads that wait 600 ms for each request answer 2 / 0.6 s = 3.3 of them per second, on any machine.

    Look at `rps` and `limiter`: the server has next to nothing to do, and both of its threads wait, while two of four
    users queue for them: that is why `mean` is 4 x 0.6 / 2 = 1.2 s.
    """
    users = 4
    run = load.get("/fanout", users=users, warmup=0, duration="2s")
    assert run.rps.value <= 2 / SLOWEST * 1.05
    assert run.mean.value >= users * SLOWEST / 2 * 0.95
    assert run.limiter.name in ("upstream", "not clear")  # not clear: others have the CPU


@pytest.mark.variants(threads_100=once(uwsgi_100_threads), threads_2=once(uwsgi_2_threads))
@pytest.mark.ordering("threads_100", "threads_2", by="50%")
def test_a_hundred_threads_do_not_collapse(load):
    """With 100 threads each of the users has one; and all wait for the API alone. Its slowest call takes 60 ms here."""
    load.get("/fanout/60", users=4, warmup="1s", max_time="60s")


@pytest.mark.server(gunicorn_100_threads)
def test_ramp_of_the_article(load):
    """From 10 to 100 users, as in the article, but on plateaus.

    Look at the row that is marked `knee`: from there on, more users get no more answers, but wait longer for them.
    """
    ramp = load.ramp("/fanout", users=(10, 100), steps=[10, 25, 50, 100], duration="1s", max_time="90s")
    assert min(step.min.value for step in ramp.steps) >= SLOWEST
