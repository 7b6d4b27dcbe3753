"""The connection that databases are made and dropped through."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from pytest_asyncbench.postgres import names
from pytest_asyncbench.postgres.address import Address

if TYPE_CHECKING:
    import psycopg


class Administrator:
    """Runs statements outside transactions, over one connection that is kept open: no connecting per clone."""

    def __init__(self, address: Address, dbname: str) -> None:
        self._address = address
        self._dbname = dbname
        self._connection: psycopg.Connection[Any] | None = None
        self._lock = threading.Lock()

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement and give its rows. A connection that broke is made anew by the next call."""
        with self._lock:
            if self._connection is None or self._connection.closed:
                self._connection = self._connect(self._dbname)
            return _rows(self._connection, statement)

    def execute_in(self, dbname: str, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement in another database."""
        with self._connect(dbname) as connection:
            return _rows(connection, statement)

    def connect(self, dbname: str | None = None) -> psycopg.Connection[Any]:
        """Another connection with the same rights, for the caller to close."""
        return self._connect(dbname or self._dbname)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()

    def _connect(self, dbname: str) -> psycopg.Connection[Any]:
        return self._address.connect(dbname, autocommit=True, application_name=names.PREFIX)


def _rows(connection: psycopg.Connection[Any], statement: str) -> list[tuple[Any, ...]]:
    cursor = connection.execute(statement.encode())
    return cursor.fetchall() if cursor.description else []
