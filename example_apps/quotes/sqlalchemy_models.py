"""The tables of schema.sql for SQLAlchemy, and the query for a random quote: shared by FastAPI and Flask.

``QUOTES_LIMIT``   ``0``: the queries have no LIMIT, a mistake that was published; how it is noticed is an example, too
``QUOTES_AUTHOR``  ``selectin``: a second query for the author, as it was published; otherwise a join
"""

import os
from typing import Any, ClassVar

from sqlalchemy import BigInteger, ForeignKey, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship, selectinload
from sqlalchemy.pool import NullPool


class Base(DeclarativeBase):
    type_annotation_map: ClassVar = {int: BigInteger}


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


# Without LIMIT the server sends all quotes, and FOR UPDATE locks all of them, each time in another order.
LIMITED = os.environ.get("QUOTES_LIMIT") != "0"
RANDOM_QUOTE = select(Quote).order_by(func.random()).limit(1 if LIMITED else None)

SELECTIN = os.environ.get("QUOTES_AUTHOR") == "selectin"
WITH_AUTHOR = RANDOM_QUOTE.options(
    selectinload(Quote.author) if SELECTIN else joinedload(Quote.author, innerjoin=True)
)


def pool_options(*, pooled: bool) -> dict[str, Any]:
    """What an engine is made with: SQLAlchemy's pool of 5 to 15 connections, or a new connection per request."""
    return {"pool_size": 5, "max_overflow": 10} if pooled else {"poolclass": NullPool}
