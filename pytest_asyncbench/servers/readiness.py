"""Waiting until a server answers: on a condition, bounded, watching the process."""

from __future__ import annotations

import http.client
import select
import socket
import time
from threading import Event
from typing import TYPE_CHECKING

from pytest_asyncbench.errors import PortInUse, ServerDied, ServerNotReady
from pytest_asyncbench.servers import ports
from pytest_asyncbench.servers.programs import program
from pytest_asyncbench.servers.spec import ANY_ANSWER

if TYPE_CHECKING:
    from pytest_asyncbench.processes import Process
    from pytest_asyncbench.servers.address import Address
    from pytest_asyncbench.servers.spec import ServerSpec

PAUSE = 0.005
"""Seconds between two questions; refused connections cost next to nothing."""
LOG_LINES = 60
"""Lines shown of a server that did not start: the first cause stands above the tracebacks that followed from it."""


def wait_ready(spec: ServerSpec, process: Process, address: Address, given_up: Event | None = None) -> float:
    """Return the seconds that `process` took to answer at `address`.

    When `given_up` is set, nobody waits for it any more. Raises ServerDied (with exit code and last log lines),
    ServerNotReady (with what was waited for and what was seen), PortInUse if somebody else listens on the port.
    """
    began = time.monotonic()
    seen = "nothing listened"
    while time.monotonic() - began < spec.startup_timeout:
        if given_up is not None and given_up.is_set():
            raise ServerNotReady(f"{spec.label()} was given up, because another server did not start")
        if (code := process.poll()) is not None:
            raise ServerDied(_death(spec, process, code, time.monotonic() - began))
        ready, now = _ask(spec, process, address, began + spec.startup_timeout, given_up)
        if " answered " in now or " answered " not in seen:  # the limit cuts the last question short
            seen = now
        if ready:
            if not address.path:  # a socket in the server's own directory is nobody else's
                _require_ours(spec, process, address.port)
            return time.monotonic() - began
        time.sleep(PAUSE)
    raise ServerNotReady(
        f"{spec.label()} did not answer within {spec.startup_timeout:g} s: waited for {_wanted(spec)}, "
        f"last seen: {seen}. {_log(process)}\n"
        "What to do: give ready='/a/path' that answers 2xx without a redirect, or a longer startup_timeout. "
        f"{program(spec.program).hint}".rstrip()
    )


def _ask(
    spec: ServerSpec, process: Process, address: Address, limit: float, given_up: Event | None
) -> tuple[bool, str]:
    """Whether the server is ready, and what was seen, in words."""
    if spec.ready is None:
        return address.accepts()
    connection = address.http(max(0.05, limit - time.monotonic()))
    path = _path(spec)
    try:
        headers = {"Host": spec.host_header} if spec.host_header else {}
        connection.request("GET", path, headers=headers)
        if not _answers(connection.sock, process, limit, given_up):
            return False, f"GET {path} was accepted and not answered"
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return False, f"{type(error).__name__}: {error}"
    finally:
        connection.close()
    return spec.ready == ANY_ANSWER or 200 <= status < 300, f"GET {path} answered {status}"


def _answers(connection: socket.socket, process: Process, limit: float, given_up: Event | None) -> bool:
    """Wait for the first byte, but no longer than the process lives: somebody else may have accepted."""
    while process.poll() is None and (left := limit - time.monotonic()) > 0:
        if given_up is not None and given_up.is_set():
            return False
        if select.select([connection], [], [], min(left, 0.1))[0]:
            return True
    return False


def _path(spec: ServerSpec) -> str:
    return "/" if spec.ready == ANY_ANSWER else str(spec.ready)


def _require_ours(spec: ServerSpec, process: Process, port: int) -> None:
    """The answer must have come from our process tree, and from nobody else's."""
    pids = set(process.pids())
    listeners = ports.listeners(port)
    if others := listeners.besides(pids):
        raise PortInUse(
            f"{spec.label()}: port {port} is also listened on by {', '.join(others)}, "
            "which would take a share of the load; end it"
        )
    if not listeners.include(pids):
        raise PortInUse(
            f"{spec.label()}: what answers on port {port} is not the process that was started (pid {process.pid})"
        )


def _wanted(spec: ServerSpec) -> str:
    if spec.ready is None:
        return "an accepted connection"
    return f"GET {_path(spec)} to answer {'anything' if spec.ready == ANY_ANSWER else '2xx'}"


def ending(code: int) -> str:
    """How a process ended, in words, from its exit code (negative: the signal that killed it)."""
    return f"was killed by signal {-code}" if code < 0 else f"exited with {code}"


def _death(spec: ServerSpec, process: Process, code: int, after: float) -> str:
    how = ending(code)
    hint = f"\nWhat to do: is {spec.app!r} importable from {process.command.cwd}?" if spec.app else ""
    if code == 0 and not spec.app:
        hint = "\nWhat to do: let it stay in the foreground; what a daemon leaves behind is ended with it."
    return f"{spec.label()} {how} after {after:.1f} s, before it answered. {_log(process)}{hint}"


def _log(process: Process) -> str:
    tail = process.log_tail(LOG_LINES).strip()
    return f"Its last lines:\n{tail}" if tail else "It wrote nothing."
