"""Clearing away what a run left that died together with its supervisor: a power cut, an OOM killer."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from pytest_asyncbench.postgres.account import Account
from pytest_asyncbench.postgres.rundir import LOCK, PREFIX, data_directory, live, places

SWEEP_LIMIT = 5.0
"""Seconds that a forgotten server has to end."""


def sweep(account: Account | None) -> list[Path]:
    """Remove the directories that have no owner any more, and end the servers in them; what was removed."""
    users = {os.geteuid()} | ({account.uid} if account else set())
    swept = []
    for place in places():
        for path in place.glob(PREFIX + "*"):
            if path in live:
                continue
            with contextlib.suppress(OSError), _abandoned(path, users) as abandoned:
                if abandoned:
                    _end_server(path)
                    shutil.rmtree(path, ignore_errors=True)
                    swept.append(path)
    return swept


@contextlib.contextmanager
def _abandoned(path: Path, users: set[int]) -> Iterator[bool]:
    """Whether the directory is one of ours without an owner; holds its lock meanwhile."""
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in users:
        yield False
        return
    lock = os.open(path / LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        yield _lock(lock)
    finally:
        os.close(lock)


def _lock(fd: int) -> bool:
    try:
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _end_server(path: Path) -> None:
    """End the server that still runs there, if it is really that one."""
    if not hasattr(os, "pidfd_open"):  # no way to be sure which process it is
        return
    with contextlib.suppress(OSError, ValueError):
        pid = int((data_directory(path) / "postmaster.pid").read_text().splitlines()[0])
        fd = os.pidfd_open(pid)  # from here on the number cannot become another process's
        try:
            program = Path(os.readlink(f"/proc/{pid}/exe")).name
            if os.readlink(f"/proc/{pid}/cwd") == str(data_directory(path)) and program.startswith(
                "postgres"
            ):
                signal.pidfd_send_signal(fd, signal.SIGQUIT)
                _wait_for_end(pid)
        finally:
            os.close(fd)


def _wait_for_end(pid: int) -> None:
    limit = time.monotonic() + SWEEP_LIMIT
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < limit:
        time.sleep(0.005)
