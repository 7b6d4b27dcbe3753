"""A wire between two networks that takes its time: every packet arrives later by the same delay.

`python slow_wire.py OURS NAMESPACE THEIRS SECONDS` joins two new tun interfaces, OURS in the network that it is started
in, and THEIRS in that of a namespace of `ip netns`. Both vanish with it.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import struct
import sys
import time
from collections import deque

TUNSETIFF = 0x400454CA
PACKETS_ONLY = 0x0001 | 0x1000
"""IFF_TUN and IFF_NO_PI: packets of IP, and nothing before them."""
LONGEST_PACKET = 65536


def interface(name: str) -> int:
    """A new interface in the network of this process, as a file of its packets."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), PACKETS_ONLY))
    return descriptor


def enter(namespace: str) -> None:
    """Go into the network of a namespace; what was opened before stays where it was."""
    with open(f"/run/netns/{namespace}") as file:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(file.fileno(), 0):
            raise OSError(ctypes.get_errno(), "setns")


def join(one: int, other: int, delay: float) -> None:
    """Carry packets between two interfaces for ever."""
    to = {one: other, other: one}
    under_way: deque[tuple[float, int, bytes]] = deque()
    while True:
        left = under_way[0][0] - time.monotonic() if under_way else 60.0
        for descriptor in select.select([one, other], [], [], max(0.0, left))[0]:
            packet = os.read(descriptor, LONGEST_PACKET)
            under_way.append((time.monotonic() + delay, to[descriptor], packet))
        while under_way and under_way[0][0] <= time.monotonic():
            _, descriptor, packet = under_way.popleft()
            try:
                os.write(descriptor, packet)
            except OSError:  # an interface that is not up yet loses packets
                continue


if __name__ == "__main__":
    ours, namespace, theirs, delay = sys.argv[1:]
    here = interface(ours)
    enter(namespace)
    there = interface(theirs)
    sys.stdout.write("joined\n")
    sys.stdout.flush()
    join(here, there, float(delay))
