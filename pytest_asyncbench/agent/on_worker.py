"""What runs on a worker of a Dask cluster: a task that starts a load agent there, and ends with it."""

from __future__ import annotations

import os
from typing import Any

from pytest_asyncbench.agent.client import python_environment
from pytest_asyncbench.agent.wire import TOKEN, main_arguments
from pytest_asyncbench.directories import create
from pytest_asyncbench.processes import Command, Process

LOOK = 0.2
"""Seconds between looks at whether the worker is still wanted."""


def serve(host: str, port: int, token: bytes) -> tuple[int | None, str]:
    """Run an agent that calls its controller at `host`, `port`; its exit code and the end of its log.

    It is a process of its own, so the worker's threads take nothing from it, and it ends when the controller closes
    the connection, when the worker is closed (it is, when its scheduler has gone), and when the worker is killed.
    """
    from distributed import get_worker

    worker = get_worker()
    own = create("agent")
    command = Command(
        argv=main_arguments(host, port),
        env={**python_environment(os.environ), TOKEN: token.hex()},
        cwd=os.getcwd(),
        log=own / "agent.log",
        name="load agent",
        grace=1.0,
        remove=(own,),
    )
    with Process(command) as agent:
        while agent.wait(LOOK) is None and is_wanted(worker):
            pass
        return agent.poll(), agent.log_tail()


def is_wanted(worker: Any) -> bool:
    """Whether a worker has not begun to close."""
    return worker.status.name in ("init", "running", "paused")
