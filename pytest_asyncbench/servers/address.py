"""Where a server listens, and how it is asked whether it is there."""

from __future__ import annotations

import http.client
import socket
from dataclasses import dataclass

from pytest_asyncbench.traffic.tls import authorities


@dataclass(frozen=True, slots=True)
class Address:
    """A TCP port of a host, or the Unix socket at `path`. `scheme` is "http" or "https"."""

    host: str
    port: int
    path: str = ""
    scheme: str = "http"

    def connect(self, timeout: float) -> socket.socket:
        """A connection, within so many seconds. Raises OSError."""
        if not self.path:
            return socket.create_connection((self.host, self.port), timeout=timeout)
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.settimeout(timeout)
        try:
            made.connect(self.path)
        except BaseException:
            made.close()
            raise
        return made

    def accepts(self, timeout: float = 1.0) -> tuple[bool, str]:
        """Whether a connection is accepted, and what was seen, in words."""
        try:
            self.connect(timeout).close()
        except OSError as error:
            return False, str(error)
        return True, "a connection was accepted"

    def http(self, timeout: float) -> http.client.HTTPConnection:
        """A client for one question. Whose certificate it is, is for the load to ask."""
        if self.path:
            return _UnixConnection(self, timeout)
        if self.scheme == "http":
            return http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        context = authorities(verify=False)
        return http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=context)


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, address: Address, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._address = address
        self._patience = timeout

    def connect(self) -> None:
        self.sock = self._address.connect(self._patience)
        if self._address.scheme == "https":
            self.sock = authorities(verify=False).wrap_socket(self.sock, server_hostname="localhost")
