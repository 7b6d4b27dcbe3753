"""Where a PostgreSQL server is, and how a client gets in."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from pytest_asyncbench.errors import PostgresError

if TYPE_CHECKING:
    import psycopg

CONNECT_TIMEOUT = 30
"""Seconds: a machine under load takes long even for a local connection."""


@dataclass(frozen=True, slots=True)
class Address:
    """One way to a server. `host` may be the directory of a Unix socket."""

    host: str
    port: int
    user: str
    password: str | None = field(default=None, repr=False)
    extra: Mapping[str, str] = field(default_factory=dict)
    """Further connection parameters of libpq: `sslmode`, `options`."""

    def dsn(self, dbname: str) -> str:
        """The URL of a database, as every driver and framework takes it."""
        login = quote(self.user, safe="")
        if self.password is not None:
            login += ":" + quote(self.password, safe="")
        query = dict(self.extra)
        if self.host.startswith("/"):
            query["host"] = self.host
            place = f":{self.port}"
        else:
            host = f"[{self.host}]" if ":" in self.host else self.host
            place = f"{host}:{self.port}"
        parameters = "?" + urlencode(query, quote_via=quote) if query else ""
        return f"postgresql://{login}@{place}/{quote(dbname, safe='')}{parameters}"

    def keywords(self, dbname: str) -> dict[str, Any]:
        """The connection's keyword arguments: those that pytest-postgresql gives to its loaders."""
        return {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "dbname": dbname,
            "password": self.password,
        }

    def environment(self, dbname: str) -> dict[str, str]:
        """DATABASE_URL and the variables that libpq reads."""
        variables = {
            "DATABASE_URL": self.dsn(dbname),
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGPASSWORD": self.password or "",
            "PGDATABASE": dbname,
        }
        return variables | {_VARIABLES[name]: self.extra[name] for name in self.extra if name in _VARIABLES}

    def connect(self, dbname: str, **keywords: Any) -> psycopg.Connection[Any]:
        """A connection of psycopg. Raises PostgresError without psycopg, psycopg's errors otherwise."""
        connect = load_psycopg().connect
        known = {**self.keywords(dbname), "connect_timeout": CONNECT_TIMEOUT, **self.extra}
        connection: psycopg.Connection[Any] = connect(**{**known, **keywords})
        return connection


_VARIABLES = {"options": "PGOPTIONS", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}


def load_psycopg() -> Any:
    """The module psycopg, imported when it is needed first: it costs a tenth of a second."""
    try:
        return importlib.import_module("psycopg")
    except ImportError as error:
        raise PostgresError(
            f"PostgreSQL needs psycopg 3, which cannot be imported: {error}\n"
            "pip install 'pytest-asyncbench[postgres]'"
        ) from error
