"""Where the process of a load agent is: on this machine, or somewhere else; what an agent's owner must know of it."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from pytest_asyncbench.processes import Process

BOOT = Path("/proc/sys/kernel/random/boot_id")
NETWORK = Path("/proc/self/ns/net")
LAST_WORDS = 0.1
"""Seconds that a lost agent's exit code is waited for."""


class Seat(Protocol):
    """The process of a running agent, wherever it is.

    `network` tells networks apart (see `own_network`); `place` names it in messages; `shares_clock`: its
    `time.monotonic` is ours.
    """

    pid: int
    network: str
    place: str
    shares_clock: bool

    def ended(self) -> str:
        """Why nothing more can come from it, in words; empty while it lives. Never blocks."""

    def obituary(self) -> str:
        """How a lost one ended and what it wrote last, in words."""

    def stop(self, grace: float | None = None) -> None:
        """End it, and return when it has gone, in bounded time; calling it again does nothing."""


class LocalSeat:
    """A process of this machine."""

    shares_clock = True

    def __init__(self, process: Process) -> None:
        self._process = process
        self.pid = process.pid
        self.place = f"pid {process.pid}"
        self.network = own_network()

    def ended(self) -> str:
        return "it ended" if self._process.poll() is not None else ""

    def obituary(self) -> str:
        code = self._process.wait(LAST_WORDS)
        tail = self._process.log_tail() or "(nothing)"
        self._process.stop(grace=0.0)
        return last_words(code, tail)

    def stop(self, grace: float | None = None) -> None:
        self._process.stop(grace)


def last_words(code: int | None, tail: str) -> str:
    """An exit code (None: it had to be killed) and the end of a log, in words."""
    ended = "it was killed" if code is None else f"exit code {code}"
    return f"{ended}; the end of its log:\n{tail}"


def own_network() -> str:
    """Two processes with the same text reach each other at 127.0.0.1: of one boot of one kernel, in one of its network
    namespaces; where that cannot be seen, on hosts of one name."""
    with suppress(OSError):
        return f"{BOOT.read_text().strip()}/{os.stat(NETWORK).st_ino}"
    return socket.gethostname()
