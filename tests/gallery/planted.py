"""Views with one planted cause of slowness each, as WSGI and ASGI apps. What is planted is in the path."""

import asyncio
import itertools
import json
import os
import threading
import time

URL = os.environ.get("DATABASE_URL", "")
SIZE = int(os.environ.get("POOL", "4"))
kept = {}
starting = threading.Lock()


def pool():
    import psycopg_pool

    with starting:
        if "pool" not in kept:
            kept["pool"] = psycopg_pool.ConnectionPool(
                URL, min_size=SIZE, max_size=SIZE, timeout=60, open=True
            )
            kept["pool"].wait()
    return kept["pool"]


def burn(seconds):
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def ask(text, *values):
    with pool().connection() as connection:
        cursor = connection.execute(text, values or None)
        return cursor.fetchall() if cursor.description else []


def python_cpu():
    burn(0.004)


def database_cpu():
    ask("SELECT count(*) FROM generate_series(1, 60000) AS i WHERE mod(i, 7) = 3")


def row_locks():
    with pool().connection() as connection:
        connection.execute("UPDATE items SET views = views + 1 WHERE i = 1")
        connection.execute("SELECT pg_sleep(0.01)")


def deadlocks():
    first = kept["first"] = 1 - kept.get("first", 0)
    with pool().connection() as connection:
        connection.execute("UPDATE items SET views = views + 1 WHERE i = %s", (1 + first,))
        connection.execute("SELECT pg_sleep(0.005)")
        connection.execute("UPDATE items SET views = views + 1 WHERE i = %s", (2 - first,))


def connection_each():
    import psycopg

    with psycopg.connect(URL) as connection:
        connection.execute("SELECT 1")


def small_pool():
    ask("SELECT pg_sleep(0.01)")


def idle_in_transaction():
    with pool().connection() as connection:
        connection.execute("SELECT views FROM items WHERE i = 1")
        time.sleep(0.03)


def many_rows():
    return [row[0] for row in ask("SELECT i FROM items LIMIT 1000")]


def one_row():
    return [row[0] for row in ask("SELECT i FROM items WHERE i = 1")]


def n_plus_one():
    return [
        ask("SELECT i FROM items WHERE i = %s", i)[0][0] for (i,) in ask("SELECT i FROM items WHERE i = 1")
    ]


def upstream():
    time.sleep(0.03)


def one_percent():
    with starting:
        kept["n"] = kept.get("n", 0) + 1
    if not kept["n"] % 50:
        raise RuntimeError("one in fifty")


def hub_blocked():
    import psycopg2

    if "psycopg2" not in kept:
        connections = [psycopg2.connect(URL) for _ in range(8)]
        for connection in connections:
            connection.autocommit = True
        kept["psycopg2"] = itertools.cycle(connections)
    next(kept["psycopg2"]).cursor().execute("SELECT pg_sleep(0.02)")


def nothing():
    pass


def long_answer():
    return list(range(40))


def other_shape():
    return {"rows": []}


VIEWS = {
    f"/{view.__name__}": view
    for view in (
        *(python_cpu, database_cpu, row_locks, deadlocks, connection_each, small_pool, idle_in_transaction),
        *(
            many_rows,
            one_row,
            n_plus_one,
            upstream,
            one_percent,
            hub_blocked,
            nothing,
            long_answer,
            other_shape,
        ),
    )
}


def answer(view):
    try:
        return "200 OK", json.dumps(view() or []).encode()
    except Exception as error:  # noqa: BLE001 - a deadlock, a planted error: the answer tells it
        return "500 Internal Server Error", json.dumps([type(error).__name__]).encode()


def wsgi(environ, start_response):
    path = os.environ.get("VIEW") or environ["PATH_INFO"]
    status, body = answer(VIEWS.get(path, nothing))
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


async def side_by_side():
    await asyncio.gather(asyncio.sleep(0.03), asyncio.sleep(0.02), asyncio.sleep(0.01))


async def in_sequence():
    for seconds in (0.03, 0.02, 0.01):
        await asyncio.sleep(seconds)


async def event_loop_blocked():
    time.sleep(0.01)


async def loop_cpu():
    burn(0.002)


async def no_wait():
    pass


LOOPS = {f"/{view.__name__}": view for view in (side_by_side, in_sequence, event_loop_blocked, loop_cpu)}


async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    await LOOPS.get(scope["path"], no_wait)()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"[]"})
