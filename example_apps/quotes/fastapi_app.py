"""The quotes as a FastAPI app on SQLAlchemy's asynchronous engine.

``DATABASE_URL``  ``postgresql://user:password@host:port/name``; without it only ``/static`` works
``DB_POOL``       ``0``: a new connection per request; otherwise SQLAlchemy's pool, 5 connections and up to 10 more
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from sqlalchemy import ForeignKey, Select, func, make_url, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship
from sqlalchemy.pool import NullPool


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "authors"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Quote(Base):
    __tablename__ = "quotes"

    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
    text: Mapped[str]
    views: Mapped[int] = mapped_column(default=0)
    author: Mapped[Author] = relationship()


def create_engine(url: str, *, pooled: bool) -> AsyncEngine:
    """An engine that speaks psycopg 3, whatever driver the URL names."""
    pool: dict[str, Any] = {"pool_size": 5, "max_overflow": 10} if pooled else {"poolclass": NullPool}
    return create_async_engine(make_url(url).set(drivername="postgresql+psycopg"), **pool)


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


async def reading(request: Request) -> AsyncIterator[AsyncSession]:
    """A session in which every statement stands alone, as in Django: a read is not wrapped in BEGIN and ROLLBACK."""
    async with AsyncSession(request.state.engine.execution_options(isolation_level="AUTOCOMMIT")) as session:
        yield session


async def transaction(request: Request) -> AsyncIterator[AsyncSession]:
    """A session in a transaction that is committed unless the endpoint raises."""
    async with AsyncSession(request.state.engine, expire_on_commit=False) as session, session.begin():
        yield session


def random_quote() -> Select[tuple[Quote]]:
    """One random quote. Without the LIMIT all of them would be sent, and with FOR UPDATE all of them locked."""
    return select(Quote).order_by(func.random()).limit(1)


@app.get("/static")
async def static() -> dict[str, str]:
    return {"message": "Hello, world!"}


@app.get("/quote")
async def quote(session: Annotated[AsyncSession, Depends(reading)]) -> dict[str, str]:
    quote = await session.scalar(random_quote().options(joinedload(Quote.author, innerjoin=True)))
    return {"quote": quote.text, "author": quote.author.name}


@app.post("/write")
async def write(session: Annotated[AsyncSession, Depends(transaction, scope="function")]) -> dict[str, int]:
    quote = await session.scalar(random_quote().with_for_update())
    quote.views += 1
    return {"id": quote.id, "views": quote.views}
