"""The rows of the quotes example, with their number as a dimension.

``QUOTES_AUTHORS`` and ``QUOTES_QUOTES`` in the environment say how many (100 and 1000 if absent)::

    @pytest.mark.database(load=["schema.sql", "quotes.seed:load"])

or take `load_one`: a single quote, for which all writers wait.
"""

import os
from pathlib import Path
from typing import Any

import psycopg

SEED_SQL = Path(__file__).with_name("seed.sql")


def load(**connection: Any) -> None:
    """Fill the two tables; ``connection`` is what `psycopg.connect` takes."""
    _fill(os.environ.get("QUOTES_AUTHORS", ""), os.environ.get("QUOTES_QUOTES", ""), connection)


def load_one(**connection: Any) -> None:
    """One author with one quote."""
    _fill("1", "1", connection)


def _fill(authors: str, quotes: str, connection: dict[str, Any]) -> None:
    with psycopg.connect(**connection) as conn:
        for name, count in (("authors", authors), ("quotes", quotes)):
            conn.execute("SELECT set_config(%s, %s, true)", (f"quotes.{name}", count))
        conn.execute(SEED_SQL.read_text(encoding="utf-8"))
