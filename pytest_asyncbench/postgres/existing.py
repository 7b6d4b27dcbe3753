"""Servers that are not ours: named by a DSN, or started by pytest-postgresql. Nothing is started or stopped."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_asyncbench.directories import create
from pytest_asyncbench.errors import PostgresError
from pytest_asyncbench.postgres import names, rights
from pytest_asyncbench.postgres.address import Address, load_psycopg
from pytest_asyncbench.postgres.cluster import Cluster
from pytest_asyncbench.postgres.counters import Observer
from pytest_asyncbench.processes import Command, Process

BASE = "template1"
"""What databases are copied from."""
ORPHANS = Path(__file__).with_name("orphans.py")
IN_ADDRESS = ("host", "hostaddr", "port", "user", "password", "dbname", "connect_timeout", "application_name")


@dataclass(frozen=True, slots=True)
class Guard:
    """A process that drops this run's databases when pytest is killed."""

    process: Process

    def dismiss(self) -> None:
        """It is not needed any more."""
        self.process.stop()


def connect(dsn: str, settings: Mapping[str, object]) -> Cluster:
    """The server that a DSN (URL or key=value) names.

    Raises PostgresError when it cannot be reached, or its role may not do what is needed. What else is missing
    there is in `Cluster.missing`.
    """
    address, dbname = _address(dsn)
    _check_rights(address, dbname, BASE)
    prefix = names.run_prefix()
    cluster = Cluster(
        address,
        source="dsn",
        profile="as found",
        maintenance_dbname=dbname,
        prefix=prefix,
        given=settings,
        psql=shutil.which("psql"),
        guard=_guard(address.dsn(dbname), prefix),
    )
    return _checked(cluster, settings)


def adopt(process_fixture: Any) -> Cluster:
    """A `postgresql_proc` of pytest-postgresql (or anything with its attributes) as our server.

    What its `load=` loaded is the template of our databases, too. Raises PostgresError as `connect`.
    """
    extra = {"options": process_fixture.options} if process_fixture.options else {}
    address = Address(
        process_fixture.host,
        int(process_fixture.port),
        process_fixture.user,
        process_fixture.password or None,
        extra,
    )
    maintenance = getattr(process_fixture, "maintenance_dbname", "postgres")
    _check_rights(address, maintenance, process_fixture.template_dbname)
    cluster = Cluster(
        address,
        source="pytest-postgresql",
        profile="as found",
        base=process_fixture.template_dbname,
        maintenance_dbname=maintenance,
        psql=shutil.which("psql"),
    )
    return _checked(cluster, {})


def _address(dsn: str) -> tuple[Address, str]:
    psycopg = load_psycopg()
    try:
        parameters = psycopg.conninfo.conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        raise PostgresError(
            f"--asyncbench-postgres takes auto, system, embedded, or the address of a server "
            f"(postgresql://USER:PASSWORD@HOST:PORT/DATABASE), not {without_password(dsn)!r}"
        ) from None  # libpq quotes what it did not understand, which may be the password
    try:
        with psycopg.connect(dsn, connect_timeout=10) as connection:
            info = connection.info
            extra = {name: str(value) for name, value in parameters.items() if name not in IN_ADDRESS}
            return Address(info.host, info.port, info.user, info.password or None, extra), info.dbname
    except psycopg.OperationalError as error:
        raise PostgresError(
            f"the PostgreSQL server of --asyncbench-postgres cannot be used: {error}"
        ) from error


def without_password(dsn: str) -> str:
    """A DSN, well-formed or not, as it may be shown."""
    hidden = re.sub(r"(://[^:/@]*):.*@", r"\1:***@", dsn)
    return re.sub(r"(password\s*=\s*)('(\\.|[^'])*'|\S+)", r"\1***", hidden)


def _guard(dsn: str, prefix: str) -> Guard:
    directory = create("guard")
    command = Command(
        argv=(sys.executable, "-P", str(ORPHANS)),
        env={**os.environ, "ASYNCBENCH_DSN": dsn, "ASYNCBENCH_PREFIX": f"{prefix}_"},
        cwd="/",
        log=directory / "log",
        name="database guard",
        stop_signal=signal.SIGKILL,
        death_signal=signal.SIGTERM,
        remove=(directory,),
    )
    return Guard(Process(command))


def _checked(cluster: Cluster, settings: Mapping[str, object]) -> Cluster:
    try:
        cluster.missing = (*_missing_statements(cluster), *_other_settings(cluster, settings))
    except BaseException:
        cluster.close()
        raise
    return cluster


def _check_rights(address: Address, dbname: str, base: str) -> None:
    """Raise PostgresError, with the SQL that grants it, if the role may not do what is needed."""
    with address.connect(dbname, autocommit=True) as connection:
        row = connection.execute(rights.question(base).encode()).fetchone()
    if row and (why := rights.refusal(rights.answered(row, base), f"{address.host}:{address.port}")):
        raise PostgresError(why)


def _missing_statements(cluster: Cluster) -> list[str]:
    """Whether queries can be counted there."""
    with Observer(cluster) as observer:
        lacks = observer.lacks
    return [f"queries and rows per request are unknown: {lacks}"] if lacks else []


def _other_settings(cluster: Cluster, wanted: Mapping[str, object]) -> list[str]:
    differing = []
    for name, value in wanted.items():
        text = ("on" if value else "off") if isinstance(value, bool) else str(value)
        found = cluster.settings.get(name, "unknown")
        if found != text:
            differing.append(f"the setting {name} is {found} on this server, {text} was asked for")
    return differing
