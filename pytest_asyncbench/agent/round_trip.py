"""How far away a server is: the time that the network alone takes, measured where the load comes from.

Of the standard library only, so that an agent on any host can run it.

A TCP connection is made in exactly one round trip, and both ends of it are kernels: SYN goes, SYN and ACK come back,
and the server's program is not asked. So the fastest of some handshakes is the network's round trip, whatever the
server has to do at the time. A small answer over HTTP would have been the program's time as well, and ICMP needs rights
and is dropped by many networks. What stands in front of a server (a load balancer, a proxy) ends the handshake: then it
is the round trip to that.
"""

from __future__ import annotations

import ipaddress
import socket
from time import perf_counter

TRIES = 7
"""Handshakes of which the fastest counts: what makes one slower (a queue, a busy core) is not the distance."""
LONGEST = 1.0
"""Seconds that all of them may take together; a single one is enough for a server that is far away."""


def round_trip(host: str, port: int, tries: int = TRIES, longest: float = LONGEST) -> float | None:
    """Seconds of one round trip between here and `host`; None if nothing there accepts a connection in time."""
    best: float | None = None
    began = perf_counter()
    for _ in range(tries):
        left = longest - (perf_counter() - began)
        if left <= 0:
            break
        try:
            took = handshake(host, port, left)
        except OSError:
            break
        best = took if best is None else min(best, took)
    return best


def handshake(host: str, port: int, timeout: float) -> float:
    """Seconds that one connection took to be made; it is closed at once. Raises OSError."""
    [(family, kind, protocol, _, address), *_] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    with socket.socket(family, kind, protocol) as connection:
        connection.settimeout(timeout)
        began = perf_counter()
        connection.connect(address)
        return perf_counter() - began


def is_loopback(host: str) -> bool:
    """Whether a host is this one, by way of its loopback interface: then there is no network in between."""
    if host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
