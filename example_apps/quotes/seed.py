"""The rows of the quotes example, with their number as a dimension.

``QUOTES_AUTHORS`` and ``QUOTES_QUOTES`` in the environment say how many (100 and 1000 if absent)::

    @pytest.mark.database(load=["schema.sql", "quotes.seed:load"])
"""

import os
from pathlib import Path
from typing import Any

import psycopg

SEED_SQL = Path(__file__).with_name("seed.sql")


def load(**connection: Any) -> None:
    """Fill the two tables; ``connection`` is what `psycopg.connect` takes."""
    with psycopg.connect(**connection) as conn:
        for name in ("authors", "quotes"):
            count = os.environ.get(f"QUOTES_{name.upper()}", "")
            conn.execute("SELECT set_config(%s, %s, true)", (f"quotes.{name}", count))
        conn.execute(SEED_SQL.read_text(encoding="utf-8"))
