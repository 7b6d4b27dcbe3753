"""Our own PostgreSQL server: one process tree, one directory, gone when pytest goes."""

from __future__ import annotations

import contextlib
import secrets
import signal
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_asyncbench.errors import PostgresError
from pytest_asyncbench.postgres import profiles, rundir
from pytest_asyncbench.postgres.address import Address
from pytest_asyncbench.postgres.blank import STATEMENTS, SUPERUSER, Blank, server_environment
from pytest_asyncbench.postgres.names import quote_identifier, quote_literal
from pytest_asyncbench.processes import Command, Process

READY_LIMIT = 60.0
"""Seconds to become ready: it takes 20 ms, but ten times as long on a busy machine."""
PORT_TRIES = 5
HBA = """\
local all all trust
host all all 127.0.0.1/32 scram-sha-256
"""
"""The socket lies in a directory of mode 0700; over TCP every local user could come in without a password."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `admin` goes through its socket, `address` is what applications use."""

    process: Process
    directory: rundir.RunDirectory
    address: Address
    admin: Address

    def stop(self) -> None:
        """End it at once (nothing in it is worth a shutdown checkpoint) and remove its directory."""
        try:
            self.process.stop()
        finally:
            self.directory.release()


class _PortTaken(PostgresError):
    """Somebody took the port between our look and the server's start."""


def start(blank: Blank, profile: str, given: Mapping[str, object]) -> Server:
    """Start a server from a blank cluster. Raises PostgresError with the end of its log."""
    settings = profiles.cluster_settings(profile, given, (STATEMENTS,) if blank.statements else ())
    tries = PORT_TRIES
    while True:
        directory = rundir.create(blank.account, on_disk=blank.durable)
        warm = False
        try:
            warm = blank.copy_to(directory.data)
            if not warm:
                blank.make(directory.data)
            return _launch(directory, blank, settings)
        except BaseException as error:
            directory.release()
            tries -= 1
            if not tries or not _worth_another_try(error, blank, warm):
                raise


def _worth_another_try(error: BaseException, blank: Blank, warm: bool) -> bool:
    if isinstance(error, _PortTaken):
        return True
    if isinstance(error, PostgresError) and warm and "configuration file" not in str(error):
        blank.discard()  # perhaps the cached copy is at fault
        return True
    return False


def _launch(directory: rundir.RunDirectory, blank: Blank, settings: Mapping[str, object]) -> Server:
    port = _free_port()
    _configure(directory, {**settings, "port": port})
    process = Process(_command(directory, blank))
    try:
        _await_ready(process, directory.data)
        return _with_password(process, directory, port)
    except BaseException:
        process.stop()
        raise


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _configure(directory: rundir.RunDirectory, settings: Mapping[str, object]) -> None:
    text = profiles.configuration({**settings, "unix_socket_directories": directory.path})
    for name, content in (("postgresql.conf", text), ("pg_hba.conf", HBA)):
        path = directory.data / name
        path.write_text(content)  # keeps the owner and the mode that the file has in the blank cluster
    rundir.spread_directories(directory.data / "base")


def _command(directory: rundir.RunDirectory, blank: Blank) -> Command:
    return Command(
        argv=(blank.installation.program("postgres"), "-D", str(directory.data)),
        env=server_environment(),
        cwd="/",
        log=directory.log,
        name="postgres",
        user=blank.account.uid if blank.account else None,
        group=blank.account.gid if blank.account else None,
        stop_signal=signal.SIGQUIT,
        # Unlike SIGKILL it lets the postmaster end busy backends and give its shared memory back.
        death_signal=signal.SIGQUIT,
        remove=(directory.path,),
    )


def _await_ready(process: Process, data: Path) -> None:
    """Until the postmaster says so itself, in line 8 of its file; twenty times as soon as pg_ctl notices."""
    limit = time.monotonic() + READY_LIMIT
    file = data / "postmaster.pid"
    while time.monotonic() < limit:
        with contextlib.suppress(FileNotFoundError):
            lines = file.read_text().splitlines()
            if len(lines) >= 8 and lines[7].strip() == "ready" and int(lines[0]) == process.pid:
                return
        code = process.poll()
        if code is not None:
            log = process.log_tail()
            kind = _PortTaken if "Address already in use" in log else PostgresError
            raise kind(f"PostgreSQL ended with exit code {code} while starting:\n{log}")
        time.sleep(0.001)
    raise PostgresError(f"PostgreSQL was not ready after {READY_LIMIT:.0f} s:\n{process.log_tail()}")


def _with_password(process: Process, directory: rundir.RunDirectory, port: int) -> Server:
    password = secrets.token_urlsafe(24)
    admin = Address(str(directory.path), port, SUPERUSER)
    with admin.connect(SUPERUSER, autocommit=True) as connection:
        connection.execute(f"ALTER ROLE {quote_identifier(SUPERUSER)} PASSWORD {quote_literal(password)}")
    return Server(process, directory, Address("127.0.0.1", port, SUPERUSER, password), admin)
