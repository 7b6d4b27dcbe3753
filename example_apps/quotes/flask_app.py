"""The quotes as a Flask app on SQLAlchemy.

``DATABASE_URL``  ``postgresql://user:password@host:port/name``; without it only ``/static`` works
``DB_POOL``       ``0``: a new connection per request; otherwise SQLAlchemy's pool, 5 to 15 connections

`sqlalchemy_models` has two more.
"""

import os

from flask import Flask
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.orm import Session

from quotes.flask_json import CompactJSON
from quotes.sqlalchemy_models import RANDOM_QUOTE, WITH_AUTHOR, pool_options


def engine_for(url: str, *, pooled: bool) -> Engine:
    """An engine that speaks psycopg 3, whatever driver the URL names. It connects when it is used."""
    return create_engine(make_url(url).set(drivername="postgresql+psycopg"), **pool_options(pooled=pooled))


url = os.environ.get("DATABASE_URL")
engine = engine_for(url, pooled=os.environ.get("DB_POOL") != "0") if url else None

app = Flask(__name__, static_folder=None)
app.json = CompactJSON(app)


@app.get("/static")
def static() -> dict[str, str]:
    return {"message": "Hello, world!"}


@app.get("/quote")
def quote() -> dict[str, str]:
    with Session(engine) as session:
        # A statement on its own, as Django's views send it: without BEGIN and ROLLBACK around it.
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        quote = session.scalars(WITH_AUTHOR).first()
        return {"quote": quote.text, "author": quote.author.name}


@app.post("/write")
def write() -> dict[str, int]:
    with Session(engine, expire_on_commit=False) as session, session.begin():
        quote = session.scalars(RANDOM_QUOTE.with_for_update()).first()
        quote.views += 1
    return {"id": quote.id, "views": quote.views}
