"""A TLS context per request: 13 to 23 ms of CPU for nothing, as all that is asked is http://.

`httpx.Client()` builds one whenever it is made. In the article each request makes a client, and threads beat gevent:
while OpenSSL reads certificates it lets other threads run on other cores, but no other greenlet. That was compared.
"""

import pytest

from fanout.deployments import (
    gunicorn_100_threads,
    gunicorn_gevent,
    once,
    uvicorn_async,
    uwsgi_100_threads,
    uwsgi_gevent,
)

FIVE = {
    "uwsgi_threads": uwsgi_100_threads,
    "uwsgi_gevent": uwsgi_gevent,
    "gunicorn_threads": gunicorn_100_threads,
    "gunicorn_gevent": gunicorn_gevent,
    "uvicorn": uvicorn_async,
}


@pytest.mark.quick
@pytest.mark.variants(once=once(gunicorn_100_threads), per_request=gunicorn_100_threads)
@pytest.mark.ordering("once", "per_request", metric="cpu_per_request", by="50%")
def test_a_context_per_request_is_most_of_the_work(load):
    """Look at `CPU/request`: it is what a request costs the server, and all else is alike.

    The calls take 60 + 30 + 15 ms here, as waiting costs no CPU.
    """
    load.get("/fanout/60", users=8, warmup="1s")


@pytest.mark.variants(**FIVE)
def test_the_table_of_the_article(load):
    """Its figures, with nothing claimed: with 48 users each of these servers is at its limit."""
    load.get("/fanout", users=48, duration="5s", slot="5s", warmup="1s")


@pytest.mark.variants(threads=gunicorn_100_threads, gevent=gunicorn_gevent, asyncio=uvicorn_async)
@pytest.mark.ordering("threads", "gevent")
@pytest.mark.ordering("threads", "asyncio")
def test_threads_beat_gevent_with_a_context_per_request(load):
    """The article's result, decided with calls of 60 + 30 + 15 ms, as it is not the waiting that differs.

    Look at `limiter`: threads use more than one core, gevent and asyncio cannot.
    """
    load.get("/fanout/60", users=8, slot="1s", warmup="1s", rounds=12, max_time="60s")


@pytest.mark.variants(threads=once(gunicorn_100_threads), gevent=once(gunicorn_gevent))
@pytest.mark.tie("threads", "gevent", within="25%")
def test_threads_tie_with_gevent_without(load):
    """With one context for all the lead has gone. Look at `rps`: either answers as soon as the API has answered."""
    load.get("/fanout/60", users=8, warmup="1s", rounds=12, max_time="50s")
