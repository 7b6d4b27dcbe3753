"""asyncpg, with a connection for each query."""

import os
import re
from functools import cache
from itertools import count
from typing import Any

import asyncpg


@cache
def numbered(sql: str) -> str:
    """The statement with PostgreSQL's own placeholders: $1, $2, ..."""
    numbers = count(1)
    return re.sub("%s", lambda _: f"${next(numbers)}", sql)


async def fetch(sql: str, *parameters: Any) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    try:
        return await connection.fetch(numbered(sql), *parameters)
    finally:
        await connection.close()
