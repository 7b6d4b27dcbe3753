"""Free ports, and who listens on them."""

from __future__ import annotations

import socket
from collections.abc import Collection
from dataclasses import dataclass

from pytest_asyncbench.errors import PortInUse

HOST = "127.0.0.1"


def free_port() -> int:
    """A port of the loopback address that nobody is bound to now; it may be taken a moment later."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def require_free(port: int) -> None:
    """Raise PortInUse, with the process that has it, unless `port` can be bound.

    Bound without SO_REUSEPORT: a server that shares ports (Granian does) would start beside a forgotten one, and
    the kernel would give each half of the load.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise PortInUse(
                f"port {port} is in use ({error.strerror}){_holders(port)}; "
                "end that process or leave port= out to get a free one"
            ) from None


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who listens on a port, from one look: listing all sockets of a machine takes milliseconds."""

    pids: frozenset[int | None]
    """None stands for a process that we may not look into."""

    def include(self, pids: Collection[int]) -> bool:
        """Whether one of `pids` is among them."""
        return any(pid in pids for pid in self.pids)

    def besides(self, pids: Collection[int]) -> list[str]:
        """Every one that is not one of `pids`, as "name (pid 123)"."""
        return sorted({_describe(pid) for pid in self.pids if pid not in pids})


def listeners(port: int) -> Listeners:
    """Who listens on `port` now."""
    return Listeners(frozenset(_listeners(port)))


def _listeners(port: int) -> set[int | None]:
    """Pids that hold a socket listening on `port`; None stands for a process that we may not look into."""
    import psutil

    connections = psutil.net_connections("tcp")
    return {c.pid for c in connections if c.status == psutil.CONN_LISTEN and c.laddr and c.laddr.port == port}


def _describe(pid: int | None) -> str:
    import psutil

    if pid is None:
        return "a process of another user"
    try:
        return f"{psutil.Process(pid).name()} (pid {pid})"
    except psutil.Error:
        return f"pid {pid}"


def _holders(port: int) -> str:
    found = listeners(port).besides(())
    return f" by {', '.join(found)}" if found else ""
