"""A request that computes for 0.1 s, and a monitor that asks /health meanwhile.

The interpreter takes turns between threads, every 5 ms. Between greenlets and between coroutines it does not: whoever
computes keeps the worker.
"""

import asyncio

import pytest

from fanout.deployments import gunicorn_gevent, uvicorn_async, uwsgi_100_threads

HEALTH = "GET /health"


async def visit(client):
    """Ask for something to be computed, and until it is there, again and again whether the server is well."""
    computing = asyncio.create_task(client.get("/compute"))
    await asyncio.sleep(0.01)  # on its way, before the first question
    while not computing.done():
        await client.get("/health")
    await computing


@pytest.mark.variants(threads=uwsgi_100_threads, gevent=gunicorn_gevent, asyncio=uvicorn_async)
def test_computing_keeps_health_waiting(load):
    """Look at the table of requests: what /health takes with threads, and what with one loop for all."""
    run = load.flow(visit, users=1, duration="5s", warmup="1s")
    threads = run["threads"].steps[HEALTH].mean
    assert run["gevent"].steps[HEALTH].mean > 2 * threads
    assert run["asyncio"].steps[HEALTH].mean > 2 * threads
