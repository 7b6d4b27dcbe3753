"""A PostgreSQL server with what tests ask of it: addresses, settings, templates, fresh databases."""

from __future__ import annotations

import contextlib
import itertools
import random
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pytest_asyncbench.errors import PostgresError
from pytest_asyncbench.postgres import names, profiles
from pytest_asyncbench.postgres.address import Address, load_psycopg
from pytest_asyncbench.postgres.administrator import Administrator
from pytest_asyncbench.postgres.binaries import major
from pytest_asyncbench.postgres.counters import Observer
from pytest_asyncbench.postgres.database import Database, Template, strategy
from pytest_asyncbench.postgres.loading import LoadStep, run_steps
from pytest_asyncbench.postgres.names import quote_identifier, quote_literal

if TYPE_CHECKING:
    import psycopg

    from pytest_asyncbench.postgres.existing import Guard
    from pytest_asyncbench.postgres.server import Server

OLDEST = 13
"""DROP DATABASE ... WITH (FORCE) is that old."""
READ_TABLES = """
DO $$ DECLARE name regclass; BEGIN
    FOR name IN
        SELECT oid FROM pg_class WHERE relkind IN ('r', 'm') AND relpersistence <> 't' AND oid >= 16384
        AND relnamespace <> 'information_schema'::regnamespace AND relpages BETWEEN 1 AND 4096
    LOOP EXECUTE format('SELECT count(*) FROM ONLY %s', name); END LOOP;
END $$
"""
"""4096 pages: a larger table is read through a ring of buffers that leaves nothing behind."""


class Cluster:
    """A started PostgreSQL, ours or somebody's. Also what pytest-postgresql's factories take as process fixture.

    `server` is ours to stop, also when making the cluster fails; without one, nothing but our databases is
    removed at the end. `base` is the database that templates are made from.
    """

    def __init__(
        self,
        address: Address,
        *,
        source: str,
        profile: str,
        base: str = "template1",
        maintenance_dbname: str = "postgres",
        server: Server | None = None,
        guard: Guard | None = None,
        prefix: str = "",
        given: Iterable[str] = (),
        psql: str | None = None,
    ) -> None:
        self.host = address.host
        self.port = address.port
        self.user = address.user
        self.password = address.password
        self.options = address.extra.get("options", "")
        self.template_dbname = base
        self.maintenance_dbname = maintenance_dbname
        self.source = source
        self.profile = profile
        self.missing: tuple[str, ...] = ()
        self._address = address
        self._administrator = Administrator(server.admin if server else address, maintenance_dbname)
        self._server = server
        self._guard = guard
        self._psql = psql
        self._prefix = prefix or names.run_prefix()
        self.dbname = "tests" if server else f"{self._prefix}_tests"
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._databases: list[str] = []
        # The steps are kept, too: a function is known by its id, which must not become another one's.
        self._templates: dict[tuple[object, ...], tuple[Template, Sequence[LoadStep]]] = {}
        self._closed = False
        self._observer: Observer | None = None
        try:
            self._base = Template(base, self._size(base))
            self.version, self.settings = self._ask_settings(given)
        except BaseException:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"<PostgreSQL {self.version} ({self.source}, {self.profile}) at {self.host}:{self.port}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    @property
    def origin(self) -> str:
        """Which PostgreSQL figures depend on, as results tell it: "PostgreSQL 18.1, fast"."""
        there = f", at {self.host}:{self.port}" if self.source == "dsn" else ""
        return f"PostgreSQL {self.version}, {self.profile}{there}"

    @property
    def major(self) -> int:
        """The number that decides what the server can do."""
        return major(self.version)

    def dsn(self, dbname: str | None = None) -> str:
        """The URL of a database; without a name, of one that always exists."""
        return self._address.dsn(dbname or self.maintenance_dbname)

    def connect(self, dbname: str | None = None, **keywords: Any) -> psycopg.Connection[Any]:
        """A connection of psycopg, whose keywords it takes. Raises PostgresError where psycopg is missing."""
        return self._address.connect(dbname or self.maintenance_dbname, **keywords)

    def pids(self) -> list[int] | None:
        """The server's processes; None for a server that is not ours."""
        return self._server.process.pids() if self._server else None

    @property
    def is_ours(self) -> bool:
        """Whether we started it, and may look into it."""
        return self._server is not None

    @property
    def log_path(self) -> Path | None:
        """The file that the server logs to; None for a server that is not ours."""
        return self._server.process.log if self._server else None

    def observer(self) -> Observer:
        """What reads the counters of our databases; made on first use. Raises psycopg's errors."""
        with self._lock:
            if self._observer is None:
                self._observer = Observer(self)
            return self._observer

    def observe(self, dbname: str | None) -> psycopg.Connection[Any]:
        """A connection for looking at counters, to a database that is not measured."""
        return self._administrator.connect(dbname)

    def log_tail(self, lines: int = 20) -> str:
        """The last lines of the server's log; empty for a server that is not ours."""
        return self._server.process.log_tail(lines) if self._server else ""

    def template(self, load: Sequence[LoadStep] = ()) -> Template:
        """The template that these steps make, loaded once. Raises PostgresError with the step that failed."""
        if not load:
            return self._base
        key = tuple(step.key() for step in load)
        with self._lock:
            if key not in self._templates:
                self._templates[key] = self._load(load), load
            return self._templates[key][0]

    def database(self, template: Template | None = None, name_hint: str = "db") -> Database:
        """A fresh clone of the template (without one, of an empty database)."""
        return self._create(name_hint, template or self._base)

    def close(self) -> None:
        """Stop our server, or drop our databases on another's; calling it again does nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._observer is not None:
                self._observer.close()
            if self._server is None:
                self._drop_all()
        finally:
            self._administrator.close()
            if self._server is not None:
                self._server.stop()
            if self._guard is not None:
                self._guard.dismiss()

    def execute(self, statement: str, *, dbname: str | None = None) -> list[tuple[Any, ...]]:
        """Run one statement as the administrator, outside transactions, and give its rows."""
        if dbname is not None:
            return self._administrator.execute_in(dbname, statement)
        return self._administrator.execute(statement)

    def _ask_settings(self, given: Iterable[str]) -> tuple[str, Mapping[str, str]]:
        wanted = {name.lower(): name for name in (*profiles.REPORTED, *given)}
        listed = ", ".join(map(quote_literal, wanted))
        # Through the view, which leaves out what the role may not see; asking for that alone is an error.
        query = f"SELECT name, current_setting(name) FROM pg_settings WHERE lower(name) IN ({listed})"
        settings = {wanted[name.lower()]: value for name, value in self.execute(query)}
        version = self.execute("SHOW server_version")[0][0].split()[0]
        if major(version) < OLDEST:
            raise PostgresError(
                f"PostgreSQL {version} at {self.host}:{self.port} is too old: {OLDEST} is needed"
            )
        return version, settings

    def _size(self, dbname: str) -> int:
        rows = self.execute(
            f"SELECT pg_database_size(oid) FROM pg_database WHERE datname = {quote_literal(dbname)}"
        )
        if not rows:
            raise PostgresError(f"there is no database {dbname!r} at {self.host}:{self.port}")
        return int(rows[0][0])

    def _create(self, hint: str, template: Template) -> Database:
        name = names.database_name(self._prefix, hint, next(self._numbers))
        copying = strategy(self.major, self.settings.get("fsync") == "on", template.size)
        clauses = f"TEMPLATE {quote_identifier(template.name)}{self._how(copying)}"
        self._databases.append(name)
        error = load_psycopg().Error
        try:
            self.execute(f"CREATE DATABASE {quote_identifier(name)} {clauses}")
        except error as failure:
            self._databases.remove(name)
            raise PostgresError(
                f"the database {name} could not be created ({clauses}): {failure}"
            ) from failure
        except BaseException:  # interrupted: the server may have made it
            self._drop(name)
            raise
        if copying == "file_copy" and template is not self._base:
            self._touch(name)
        return Database(name, self._address, self._drop)

    def _how(self, copying: str) -> str:
        """How CREATE DATABASE copies, and under which number: it names the directory, see `spread_directories`."""
        number = f" OID {random.randrange(1 << 24, 1 << 31)}" if self._server and self.major >= 15 else ""
        return (f" STRATEGY {copying}" if copying else "") + number

    def _drop(self, name: str) -> None:
        if name not in self._databases:
            return
        quoted = quote_identifier(name)
        with contextlib.suppress(
            load_psycopg().errors.UndefinedObject, load_psycopg().errors.InvalidCatalogName
        ):
            self.execute(f"ALTER DATABASE {quoted} IS_TEMPLATE false")
        self.execute(f"DROP DATABASE IF EXISTS {quoted} WITH (FORCE)")
        self._databases.remove(name)

    def _drop_all(self) -> None:
        error = load_psycopg().OperationalError
        try:
            for name in [*self._databases]:
                self._drop(name)
        except error as failure:
            if self.source != "pytest-postgresql":  # whose server may have been stopped by now, and be gone
                left = ", ".join(self._databases)
                raise PostgresError(
                    f"these databases are left at {self.host}:{self.port}: {left}"
                ) from failure

    def _load(self, load: Sequence[LoadStep]) -> Template:
        database = self._create("template", self._base)
        name = database.name
        try:
            run_steps(load, database, self._psql)
            self._vacuum(name)
            self._close_template(name)
        except BaseException:
            self._drop(name)
            raise
        return Template(name, self._size(name), tuple(map(str, load)))

    def _vacuum(self, name: str) -> None:
        """Nobody does later: clones would lack statistics, and write hint bits while they are measured."""
        # Rows whose asynchronous commit is not on disk yet would not be marked as visible to all.
        self._checkpoint()
        self.execute("VACUUM (ANALYZE)", dbname=name)

    def _checkpoint(self) -> None:
        if self._server is not None:  # elsewhere we may have no right to it
            self.execute("CHECKPOINT")

    def _close_template(self, name: str) -> None:
        """Nobody may be connected to a database while it is copied."""
        self.execute(f"ALTER DATABASE {quote_identifier(name)} ALLOW_CONNECTIONS false IS_TEMPLATE true")
        self.execute(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {quote_literal(name)}"
        )
        self._checkpoint()  # the first clone would wait for it

    def _touch(self, name: str) -> None:
        """Read a copied database once: its pages are not in shared buffers yet, another variant's may be."""
        self.execute(READ_TABLES, dbname=name)
