"""Clearing away what a run left that died together with its supervisor: a power cut, an OOM killer."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from pathlib import Path

from pytest_asyncbench.directories import abandoned
from pytest_asyncbench.postgres.account import Account
from pytest_asyncbench.postgres.rundir import PREFIX, data_directory, places

SWEEP_LIMIT = 5.0
"""Seconds that a forgotten server has to end."""


def sweep(account: Account | None) -> list[Path]:
    """Remove the directories that have no owner any more, and end the servers in them; what was removed."""
    users = {os.geteuid()} | ({account.uid} if account else set())
    swept = []
    for place in places():
        for path in place.glob(PREFIX + "*"):
            with contextlib.suppress(OSError), abandoned(path, users) as forgotten:
                if forgotten:
                    _end_server(path)
                    shutil.rmtree(path, ignore_errors=True)
                    swept.append(path)
    return swept


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
