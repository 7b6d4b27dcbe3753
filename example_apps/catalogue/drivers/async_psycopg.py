"""psycopg's asynchronous side, with its pool."""

import os
from typing import Any

from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

OPTIONS = {"autocommit": True, "row_factory": dict_row}

# Django has no lifespan to open it in: that is left to the first request, which has an event loop.
pool = AsyncConnectionPool(
    os.environ.get("DATABASE_URL", ""), kwargs=OPTIONS, min_size=2, max_size=10, open=False
)


async def fetch(sql: str, *parameters: Any) -> list[dict[str, Any]]:
    await pool.open()
    async with pool.connection() as connection:
        cursor = await connection.execute(sql, parameters)
        return await cursor.fetchall()
