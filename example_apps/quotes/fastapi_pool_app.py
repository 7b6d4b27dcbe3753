"""The quotes as a FastAPI app on psycopg's own pool, 5 to 15 connections, with SQL written by hand.

``DATABASE_URL``  ``postgresql://user:password@host:port/name``; without it only ``/static`` works
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from quotes.raw_sql import LOCK_RANDOM_QUOTE, POOL, RANDOM_QUOTE, SET_VIEWS


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    url = os.environ.get("DATABASE_URL")
    if not url:
        yield {}
        return
    async with AsyncConnectionPool(url, open=False, **POOL) as pool:
        yield {"pool": pool}


app = FastAPI(lifespan=lifespan, openapi_url=None, redirect_slashes=False)


def the_pool(request: Request) -> AsyncConnectionPool[AsyncConnection]:
    return request.state.pool


Pool = Annotated[AsyncConnectionPool[AsyncConnection], Depends(the_pool)]


@app.get("/static")
async def static() -> dict[str, str]:
    return {"message": "Hello, world!"}


@app.get("/quote")
async def quote(pool: Pool) -> dict[str, str]:
    async with pool.connection() as connection:
        cursor = await connection.execute(RANDOM_QUOTE)
        text, author = await cursor.fetchone()
    return {"quote": text, "author": author}


@app.post("/write")
async def write(pool: Pool) -> dict[str, int]:
    async with pool.connection() as connection, connection.transaction():
        cursor = await connection.execute(LOCK_RANDOM_QUOTE)
        quote, views = await cursor.fetchone()
        await connection.execute(SET_VIEWS, (views + 1, quote))
    return {"id": quote, "views": views + 1}
