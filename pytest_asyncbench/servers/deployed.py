"""A server that runs already, as a test sees it: the face of an `Instance` without a process."""

from __future__ import annotations

import http.client
import socket
import time
from typing import TYPE_CHECKING

from pytest_asyncbench.errors import ServerNotReady
from pytest_asyncbench.servers.address import Address
from pytest_asyncbench.servers.external import split
from pytest_asyncbench.servers.instance import Instance, Launch
from pytest_asyncbench.servers.spec import ANY_ANSWER

if TYPE_CHECKING:
    from pytest_asyncbench.servers.spec import ServerSpec

PAUSE = 0.1
"""Seconds between two questions: nobody measures the start of a server that runs already."""


class Deployed(Instance):
    """Reached, and otherwise left alone: it has no pids, no log, and does not end.

    Raises ServerNotReady if it does not answer.
    """

    def __init__(self, launch: Launch) -> None:
        self.spec = launch.spec
        self.variant = launch.variant
        self.host, self.port = address(launch.spec)
        self.startup = 0.0
        self.cleared = ()
        require_answer(launch.spec, Address(self.host, self.port, scheme=launch.spec.settled().scheme))

    @property
    def url(self) -> str:
        return str(self.spec.url).rstrip("/")

    @property
    def pid(self) -> int | None:
        return None

    @property
    def pids(self) -> list[int]:
        return []

    @property
    def log(self) -> str:
        return ""

    def log_tail(self, lines: int = 20) -> str:
        return ""

    def died(self) -> str | None:
        return None

    def request_stop(self) -> None:
        """Nothing: it was not started here."""

    def stop(self) -> None:
        """Nothing: it was not started here."""

    def __repr__(self) -> str:
        return f"<{self.spec.label()} {self.variant!r}>"


def address(spec: ServerSpec) -> tuple[str, int]:
    """IP address and port of an external server, looked up once. Raises ServerNotReady if its name is unknown."""
    at = split(spec.url)
    port = at.port or (443 if at.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(at.hostname, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ServerNotReady(f"{spec.label()}: {at.hostname} has no address: {error}") from None
    return str(found[0][4][0]), port


def require_answer(spec: ServerSpec, address: Address) -> None:
    """Return when the server has answered as `ready` says. Raises ServerNotReady, with what was seen."""
    path = "/" if spec.ready in (None, ANY_ANSWER) else str(spec.ready)
    limit = time.monotonic() + spec.startup_timeout
    while True:
        ready, seen = _ask(spec.settled(), address, path, max(0.1, limit - time.monotonic()))
        if ready:
            return
        if time.monotonic() + PAUSE > limit:
            break
        time.sleep(PAUSE)
    raise ServerNotReady(
        f"{spec.label()} did not answer within {spec.startup_timeout:g} s: asked for {path}, last seen: {seen}.\n"
        "What to do: it is not started here; start it, or correct its URL, or give ready='/a/path' that answers 2xx."
    )


def _ask(spec: ServerSpec, address: Address, path: str, timeout: float) -> tuple[bool, str]:
    """Whether the server is ready, and what was seen, in words."""
    if spec.ready is None:
        return address.accepts(timeout)
    connection = address.http(timeout)
    try:
        connection.request("GET", path, headers={"Host": str(spec.host_header)})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return False, f"{type(error).__name__}: {error}"
    finally:
        connection.close()
    return spec.ready == ANY_ANSWER or 200 <= status < 300, f"GET {path} answered {status}"
