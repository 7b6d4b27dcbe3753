"""A query, and then a call to a slow API about what it found."""

import pytest

from fanout.deployments import gunicorn_100_threads, gunicorn_gevent, once, uvicorn_async

CALL = 0.150

database = pytest.mark.database(load=["schema.sql"])


@database
@pytest.mark.parametrize("server", [gunicorn_100_threads, gunicorn_gevent, uvicorn_async], indirect=True)
@pytest.mark.budget(queries_per_request=1, connections_per_request=1)
def test_one_query_and_one_call(load, server, upstream):
    """Exact on every machine. Look at `counted`: Django makes a connection for every request, and holds it while the
    request waits for the API."""
    run = load.get("/mixed", users=8, duration="1s", warmup=0)
    assert run.min.value >= CALL
    assert upstream.requests == run.ok


@database
@pytest.mark.variants(threads=once(gunicorn_100_threads), asyncio=once(uvicorn_async))
@pytest.mark.ordering("threads", "asyncio", metric="cpu_per_request", by="10%")
def test_a_query_and_a_call_cost_asyncio_more(load):
    """Django runs an asynchronous query in a thread, so that asyncio pays for both.

    One TLS context for all, as each is work that has nothing to do with it. Look at `CPU/request`.
    """
    load.get("/mixed", users=16, rounds=12, max_time="60s")
