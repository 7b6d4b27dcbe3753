"""How a load agent on another machine comes to its controller: it calls, and shows the token that it was started with.

What follows is the conversation of `service.py`, the same as on a socket pair. Messages are pickled, so nothing is read
from a caller before it has shown a token that was given out and not used yet.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import sys
from multiprocessing.connection import Connection as Channel
from time import monotonic

from pytest_asyncbench.agent.seat import own_network

TOKEN = "ASYNCBENCH_TOKEN"
"""In the environment of an agent: command lines are for everybody to read."""
LENGTH = 32
CALL_LIMIT = 10.0
"""Seconds in which the controller must have accepted the connection."""
TOKEN_LIMIT = 5.0
"""Seconds in which a caller must have shown its token."""
OPTIONS = (
    ("SO_KEEPALIVE", 1),
    ("TCP_NODELAY", 1),
    ("TCP_KEEPIDLE", 5),  # seconds: a machine that vanished is found out within 15
    ("TCP_KEEPINTVL", 2),
    ("TCP_KEEPCNT", 5),
)


def call_controller(host: str, port: int) -> Channel:
    """The connection of this agent to its controller. Raises SystemExit, in words, if there is none."""
    token = bytes.fromhex(os.environ.pop(TOKEN))
    try:
        connection = socket.create_connection((host, port), CALL_LIMIT)
        connection.sendall(token)
    except OSError as error:
        seen = f"{socket.gethostname()} cannot reach pytest at {host}:{port} ({error})"
        raise SystemExit(f"{seen}; load agents connect back to it, so its firewall must let them") from None
    channel = _channel(connection)
    channel.send(introduction())
    return channel


def introduction() -> tuple[str, int, int, str]:
    """The first message of an agent elsewhere: its process, and the network that it is in."""
    return ("hello", 0, os.getpid(), own_network())


class Reception:
    """Listens for agents. A context manager that stops listening; connections that it has admitted stay.

    Raises OSError if it cannot listen at `host`.
    """

    def __init__(self, host: str) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family, backlog=1024)
        self._tokens: set[bytes] = set()
        self.host = host
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Reception:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._listener.close()

    def token(self) -> bytes:
        """A new token, good for one caller."""
        token = secrets.token_bytes(LENGTH)
        self._tokens.add(token)
        return token

    def admit(self, timeout: float) -> tuple[bytes, Channel] | None:
        """The next caller with a good token, and that; None if nobody called within `timeout` seconds, or with none."""
        self._listener.settimeout(timeout)
        try:
            caller, _ = self._listener.accept()
        except OSError:
            return None
        shown = _read_token(caller)
        if shown not in self._tokens:
            caller.close()
            return None
        self._tokens.remove(shown)
        return shown, _channel(caller)


def _read_token(caller: socket.socket) -> bytes:
    """As much of a token as a caller shows in time."""
    shown = b""
    limit = monotonic() + TOKEN_LIMIT
    with contextlib.suppress(OSError):
        while len(shown) < LENGTH and (left := limit - monotonic()) > 0:
            caller.settimeout(left)
            more = caller.recv(LENGTH - len(shown))
            if not more:
                break
            shown += more
    return shown


def _channel(connection: socket.socket) -> Channel:
    connection.settimeout(None)
    for name, value in OPTIONS:
        level = socket.SOL_SOCKET if name.startswith("SO_") else socket.IPPROTO_TCP
        option = getattr(socket, name, None)  # not every system has all of them
        if option is not None:
            connection.setsockopt(level, option, value)
    return Channel(connection.detach())


def address_towards(host: str, port: int, timeout: float) -> str:
    """Our own address on the way to a host: those on its side can reach us there. Raises OSError."""
    with socket.create_connection((host, port), timeout) as probe:
        return str(probe.getsockname()[0])


def main_arguments(host: str, port: int) -> tuple[str, ...]:
    """The command of an agent that calls its controller."""
    # -P: a select.py in the current directory must not be taken for the standard library's
    return (sys.executable, "-P", "-m", "pytest_asyncbench.agent", host, str(port))
