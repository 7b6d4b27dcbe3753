"""psycopg, with its pool."""

import atexit
import os
from typing import Any

from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

OPTIONS = {"autocommit": True, "row_factory": dict_row}

# Opened by the first request, so that a server which forks after importing the app has a pool in each worker.
pool = ConnectionPool(os.environ.get("DATABASE_URL", ""), kwargs=OPTIONS, min_size=2, max_size=10, open=False)
atexit.register(pool.close)


def fetch(sql: str, *parameters: Any) -> list[dict[str, Any]]:
    pool.open()
    with pool.connection() as connection:
        return connection.execute(sql, parameters).fetchall()
