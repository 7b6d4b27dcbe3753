"""psycopg2, with a connection for each query."""

import os
from contextlib import closing
from typing import Any

import psycopg2
from psycopg2.extras import RealDictCursor


def fetch(sql: str, *parameters: Any) -> list[dict[str, Any]]:
    connection = psycopg2.connect(os.environ["DATABASE_URL"], cursor_factory=RealDictCursor)
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()
