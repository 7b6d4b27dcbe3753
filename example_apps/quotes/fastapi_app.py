"""The quotes as a FastAPI app on SQLAlchemy's asynchronous engine.

``DATABASE_URL``  ``postgresql://user:password@host:port/name``; without it only ``/static`` works
``DB_POOL``       ``0``: a new connection per request; otherwise SQLAlchemy's pool, 5 to 15 connections

`sqlalchemy_models` has two more.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from quotes.sqlalchemy_models import RANDOM_QUOTE, WITH_AUTHOR, pool_options


def create_engine(url: str, *, pooled: bool) -> AsyncEngine:
    """An engine that speaks psycopg 3, whatever driver the URL names."""
    return create_async_engine(
        make_url(url).set(drivername="postgresql+psycopg"), **pool_options(pooled=pooled)
    )


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    url = os.environ.get("DATABASE_URL")
    if not url:
        yield {}
        return
    engine = create_engine(url, pooled=os.environ.get("DB_POOL") != "0")
    yield {"engine": engine}
    await engine.dispose()


app = FastAPI(lifespan=lifespan, openapi_url=None, redirect_slashes=False)


async def open_session(request: Request) -> AsyncIterator[AsyncSession]:
    async with AsyncSession(request.state.engine, expire_on_commit=False) as session:
        yield session


Session = Annotated[AsyncSession, Depends(open_session)]


@app.get("/static")
async def static() -> dict[str, str]:
    return {"message": "Hello, world!"}


@app.get("/quote")
async def quote(session: Session) -> dict[str, str]:
    # A statement on its own, as Django's views send it: without BEGIN and ROLLBACK around it.
    await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
    quote = (await session.scalars(WITH_AUTHOR)).first()
    return {"quote": quote.text, "author": quote.author.name}


@app.post("/write")
async def write(session: Session) -> dict[str, int]:
    # Not left to open_session, which ends after the answer was sent: an answer means that it is committed.
    async with session.begin():
        quote = (await session.scalars(RANDOM_QUOTE.with_for_update())).first()
        quote.views += 1
    return {"id": quote.id, "views": quote.views}
