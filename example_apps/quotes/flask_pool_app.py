"""The quotes as a Flask app on psycopg's own pool, 5 to 15 connections, with SQL written by hand.

``DATABASE_URL``  ``postgresql://user:password@host:port/name``; without it only ``/static`` works
"""

import atexit
import os

from flask import Flask
from psycopg_pool import ConnectionPool

from quotes.flask_json import CompactJSON
from quotes.raw_sql import LOCK_RANDOM_QUOTE, POOL, RANDOM_QUOTE, SET_VIEWS

# Each worker imports this module, and so has a pool of its own.
url = os.environ.get("DATABASE_URL", "")
pool = ConnectionPool(url, open=bool(url), **POOL)
atexit.register(pool.close)

app = Flask(__name__, static_folder=None)
app.json = CompactJSON(app)


@app.get("/static")
def static() -> dict[str, str]:
    return {"message": "Hello, world!"}


@app.get("/quote")
def quote() -> dict[str, str]:
    with pool.connection() as connection:
        text, author = connection.execute(RANDOM_QUOTE).fetchone()
    return {"quote": text, "author": author}


@app.post("/write")
def write() -> dict[str, int]:
    with pool.connection() as connection, connection.transaction():
        quote, views = connection.execute(LOCK_RANDOM_QUOTE).fetchone()
        connection.execute(SET_VIEWS, (views + 1, quote))
    return {"id": quote, "views": views + 1}
