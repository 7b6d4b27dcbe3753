"""The `upstream` fixture: a slow third-party API on loopback, in a process of its own."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
from pathlib import Path
from typing import Self

from pytest_asyncbench.agent.client import python_environment
from pytest_asyncbench.directories import create, release
from pytest_asyncbench.errors import ProcessError
from pytest_asyncbench.processes import Command, Process
from pytest_asyncbench.servers.ports import HOST, require_free
from pytest_asyncbench.upstream.service import ASKED

PATIENCE = 10.0
"""Seconds in which the upstream must say what it was asked: it takes less than a millisecond."""


class Upstream:
    """A third-party API that takes its time: `GET /<ms>/` answers after so many milliseconds.

    `.url` has no slash at its end; `.requests` is the number of requests of the test that is running.
    """

    def __init__(self, process: Process, port: int, channel: socket.socket) -> None:
        self.port = port
        self._process = process
        self._channel = channel
        self._asking = threading.Lock()
        self._before = 0

    @classmethod
    def start(cls, port: int | None = None) -> Self:
        """Start it on a port (default: a free one); it accepts connections from now on.

        Raises PortInUse, ProcessError.
        """
        listener = _listen(port)
        ours, theirs = socket.socketpair()
        with listener, theirs:
            number = listener.getsockname()[1]
            return cls(_start(listener.fileno(), theirs.fileno()), number, ours)

    @property
    def url(self) -> str:
        """Base URL, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        """The process that answers."""
        return self._process.pid

    @property
    def requests(self) -> int:
        """How many requests have arrived since the test began, also those not answered yet. Raises ProcessError."""
        return self._total() - self._before

    def reset(self) -> None:
        """Count from zero: a test begins. That the upstream was lost, is said where it is used."""
        with contextlib.suppress(ProcessError):
            self._before = self._total()

    def close(self) -> None:
        """End it. Calling it again does nothing."""
        self._channel.close()
        self._process.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<upstream at {self.url}, pid {self.pid}>"

    def _total(self) -> int:
        with self._asking:
            try:
                self._channel.settimeout(PATIENCE)
                self._channel.sendall(ASKED)
                answer = self._channel.recv(8, socket.MSG_WAITALL)
            except OSError as error:
                raise self._lost(str(error)) from error
        if len(answer) < 8:
            raise self._lost("it ended")
        return int.from_bytes(answer, "big")

    def _lost(self, what: str) -> ProcessError:
        tail = self._process.log_tail() or "(nothing)"
        return ProcessError(f"the upstream (pid {self.pid}) was lost: {what}; the end of its log:\n{tail}")


def _listen(port: int | None) -> socket.socket:
    """A listening socket; whoever connects before the process runs is served a moment later."""
    if port is not None:
        require_free(port)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port or 0))
    listener.listen(4096)
    return listener


def _start(listener: int, channel: int) -> Process:
    directory = create("upstream")
    try:
        return Process(_command(listener, channel, directory))
    except BaseException:
        release(directory)
        raise


def _command(listener: int, channel: int, directory: Path) -> Command:
    return Command(
        # -P: a select.py in the current directory must not be taken for the standard library's
        argv=(sys.executable, "-P", "-m", "pytest_asyncbench.upstream", str(listener), str(channel)),
        env=python_environment(os.environ),
        cwd=os.getcwd(),
        log=directory / "upstream.log",
        name="upstream",
        pass_fds=(listener, channel),
        grace=1.0,
        remove=(directory,),
    )
