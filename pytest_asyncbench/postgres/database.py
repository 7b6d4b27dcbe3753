"""Databases: the loaded template, and the fresh clones that tests get."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from pytest_asyncbench.postgres.address import Address

if TYPE_CHECKING:
    import psycopg

FILE_COPY_FROM = 64 << 20
"""Bytes. With fsync on, CREATE DATABASE copies through the WAL sooner up to about here, and file by file above."""


@dataclass(frozen=True, slots=True)
class Template:
    """A database that was loaded once, and that the others are copies of."""

    name: str
    size: int
    """Bytes."""
    loaded: tuple[str, ...] = ()
    """What was loaded, in words."""


@dataclass(frozen=True, slots=True)
class Database:
    """A database of our own on a server. A context manager that drops it."""

    name: str
    address: Address
    _drop: Callable[[str], None] = field(repr=False, compare=False)

    @property
    def url(self) -> str:
        """postgresql://..., as every driver and framework takes it."""
        return self.address.dsn(self.name)

    @property
    def host(self) -> str:
        """The server's address, or the directory of its socket."""
        return self.address.host

    @property
    def port(self) -> int:
        """The server's port."""
        return self.address.port

    @property
    def user(self) -> str:
        """The role that owns the database."""
        return self.address.user

    @property
    def password(self) -> str | None:
        """The role's password."""
        return self.address.password

    def connect(self, **keywords: Any) -> psycopg.Connection[Any]:
        """A connection of psycopg; it takes psycopg.connect's keywords."""
        return self.address.connect(self.name, **keywords)

    def environment(self) -> dict[str, str]:
        """DATABASE_URL and libpq's variables, as servers and programs get them."""
        return self.address.environment(self.name)

    def drop(self) -> None:
        """Drop it, whoever is connected; nothing happens when it has gone already."""
        self._drop(self.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.drop()


def strategy(version: int, fsync: bool, size: int) -> str:
    """How CREATE DATABASE copies a template of `size` bytes fastest: "file_copy", "wal_log", or "" (no choice).

    Measured, ms, wal_log against file_copy: without fsync 12 and 10 (small), 104 and 35 (98 MB); with it
    17 and 50, 145 and 102. Before PostgreSQL 15 there is no choice.
    """
    if version < 15:
        return ""
    return "file_copy" if not fsync or size >= FILE_COPY_FROM else "wal_log"
