"""One ASGI app on several drivers, chosen by DRIVER, whose queries and rows are known.

/two: a query of 1 row and one of 3, in a transaction. /n: one of 5 rows and then one for each. /touch: an update of one
row, always the same. /cross: two updates of two rows, in an order that differs, so that they deadlock.
"""

import asyncio
import itertools
import json
import os
from contextlib import asynccontextmanager

DRIVER = os.environ.get("DRIVER", "psycopg")
URL = os.environ.get("DATABASE_URL", "")
numbers = itertools.count()
kept = {}


@asynccontextmanager
async def psycopg_alone():
    import psycopg

    async with await psycopg.AsyncConnection.connect(URL) as connection:
        yield Psycopg(connection)


@asynccontextmanager
async def psycopg_pool():
    import psycopg_pool

    if "pool" not in kept:
        kept["pool"] = psycopg_pool.AsyncConnectionPool(URL, min_size=4, max_size=4, open=False)
        await kept["pool"].open(wait=True)
    async with kept["pool"].connection() as connection:
        yield Psycopg(connection)


class Psycopg:
    def __init__(self, connection):
        self.connection = connection

    async def run(self, text, number):
        cursor = await self.connection.execute(text.replace(":n", "%s"), (number,))
        return await cursor.fetchall() if cursor.description else []


@asynccontextmanager
async def sqlalchemy(driver):
    from sqlalchemy import make_url
    from sqlalchemy.ext.asyncio import create_async_engine

    if "engine" not in kept:
        # One connection: how many of a larger pool are opened, and when, depends on how busy the machine is.
        url = make_url(URL).set(drivername=f"postgresql+{driver}")
        kept["engine"] = create_async_engine(url, pool_size=1, max_overflow=0)
    async with kept["engine"].begin() as connection:
        yield SQLAlchemy(connection)


class SQLAlchemy:
    def __init__(self, connection):
        self.connection = connection

    async def run(self, text, number):
        from sqlalchemy import text as clause

        result = await self.connection.execute(clause(text), {"n": number})
        return result.all() if result.returns_rows else []


CONNECT = {
    "psycopg": psycopg_alone,
    "psycopg_pool": psycopg_pool,
    "sqlalchemy+psycopg": lambda: sqlalchemy("psycopg"),
    "sqlalchemy+asyncpg": lambda: sqlalchemy("asyncpg"),
}


async def two(connection):
    await connection.run("SELECT i FROM items WHERE i = :n", 1)
    return await connection.run("SELECT i FROM items WHERE i <= :n", 3)


async def n_plus_one(connection):
    rows = await connection.run("SELECT i FROM items WHERE i <= :n", 5)
    for (number,) in rows:
        await connection.run("SELECT views FROM items WHERE i = :n", number)
    return rows


async def touch(connection):
    return await connection.run("UPDATE items SET views = views + 1 WHERE i = :n", 1)


async def cross(connection):
    first = next(numbers) % 2
    await connection.run("UPDATE items SET views = views + 1 WHERE i = :n", 1 + first)
    await asyncio.sleep(0.02)
    return await connection.run("UPDATE items SET views = views + 1 WHERE i = :n", 2 - first)


PATHS = {"/two": two, "/n": n_plus_one, "/touch": touch, "/cross": cross}


async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    status, body = 200, []
    if view := PATHS.get(scope["path"]):
        try:
            async with CONNECT[DRIVER]() as connection:
                body = [row[0] for row in await view(connection)]
        except Exception as error:  # noqa: BLE001 - a deadlock, as each driver calls it
            status, body = 500, [type(error).__name__]
    data = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": data})
