"""Whether a PostgreSQL driver blocks gevent's hub: seen from outside, while load lasts.

A gevent worker sleeps in one place only, the epoll of its hub. libpq, called by a driver that gevent has not patched,
sleeps in poll(2) on one socket, and every other greenlet of the worker waits with it. The kernel tells in which
system call a process sleeps (/proc/PID/syscall), and what it has loaded (/proc/PID/maps): nothing has to run inside
the server, and what is seen is what happened, however the app patches itself.
"""

from __future__ import annotations

import platform
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

PAUSE = 0.02
"""Seconds between two looks; one costs about 20 us for each worker."""
LEAST = 3
"""Looks that must see a worker blocked: one may be a rare call that harms nobody."""

POLLS: Mapping[str, tuple[int, ...]] = {"x86_64": (7, 271), "aarch64": (73,)}
"""The numbers of poll and ppoll, by machine."""

DRIVERS: Mapping[str, tuple[str, str]] = {
    "psycopg2": (
        "psycopg2/_psycopg",
        "psycopg2 waits without gevent; call psycogreen.gevent.patch_psycopg() when a worker starts, or use psycopg 3",
    ),
    "psycopg": (
        "psycopg_binary",
        "psycopg was imported before gevent patched the process, as with Gunicorn's --preload; import it later",
    ),
    "psycopg[c]": (
        "psycopg_c",
        "psycopg was imported before gevent patched the process, as with Gunicorn's --preload; import it later",
    ),
}
"""Of each driver: what its compiled part is called in a process's memory map, and what to do when it blocks."""


class HubWatch:
    """Looks at gevent workers in a thread of its own, between `__enter__` and `__exit__`; idle without any.

    `workers` gives the pids of each variant that runs in gevent mode.
    """

    def __init__(self, workers: Mapping[str, Callable[[], Sequence[int]]]) -> None:
        self._workers = workers if sys.platform.startswith("linux") else {}
        self._blocked: Counter[str] = Counter()
        self._loaded: dict[str, set[str]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="asyncbench hub watch", daemon=True)

    def __enter__(self) -> Self:
        if self._workers:
            self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._over.set()
        if self._workers:
            self._thread.join()

    def notes(self) -> list[str]:
        """In words, each variant whose hub was blocked by a driver."""
        return [
            f"{variant}: a database driver blocks gevent's hub, and all greenlets of the worker wait with it: "
            f"{'; '.join(DRIVERS[name][1] for name in sorted(self._loaded[variant]))}"
            for variant, count in sorted(self._blocked.items())
            if count >= LEAST
        ]

    def _look(self) -> None:
        looks = 0
        known: dict[str, list[int]] = {}
        while not self._over.wait(PAUSE):
            for variant, pids in self._workers.items():
                if looks % 25 == 0:
                    known[variant] = leaves(pids())
                if any(waits_for_one_socket(pid) for pid in known[variant]):
                    self._note(variant, known[variant])
            looks += 1

    def _note(self, variant: str, pids: Sequence[int]) -> None:
        if variant not in self._loaded or self._blocked[variant] < LEAST:
            self._loaded[variant] = {name for pid in pids for name in drivers(pid)}
        if self._loaded[variant]:
            self._blocked[variant] += 1


def leaves(pids: Sequence[int]) -> list[int]:
    """Those of a server's processes that have no children: its workers, without the master (which may poll)."""
    parents = {_parent(pid) for pid in pids}
    return [pid for pid in pids if pid not in parents]


def waits_for_one_socket(pid: int) -> bool:
    """Whether the main thread of a process sleeps in poll(2) on a single descriptor, as libpq does."""
    number, *arguments = _read(pid, "syscall").split() or ["running"]
    polls = POLLS.get(platform.machine(), ())
    return number.isdigit() and int(number) in polls and arguments[1] == "0x1"


def drivers(pid: int) -> list[str]:
    """The PostgreSQL drivers whose compiled part a process has loaded."""
    loaded = _read(pid, "maps")
    return [name for name, (part, _) in DRIVERS.items() if part in loaded]


def _parent(pid: int) -> int | None:
    stat = _read(pid, "stat").rpartition(")")[2].split()
    return int(stat[1]) if len(stat) > 1 else None


def _read(pid: int, name: str) -> str:
    """A file of /proc; empty if the process has ended, or may not be looked at."""
    try:
        return Path(f"/proc/{pid}/{name}").read_text(errors="replace")
    except OSError:
        return ""
