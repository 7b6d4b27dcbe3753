"""Child processes that cannot be left behind: servers, PostgreSQL, load agents.

Each runs under a supervisor of its own (`supervisor.py`), which ends the whole process tree and removes its
directories when asked, and also when this process was killed.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from pytest_asyncbench import supervisor
from pytest_asyncbench.directories import disown
from pytest_asyncbench.errors import ProcessError
from pytest_asyncbench.logs import Log

START_LIMIT = 60.0
"""Seconds until a supervisor that does not report is given up: a busy machine takes ten times as long."""
STOP_MARGIN = 30.0
"""Seconds on top of the grace period until `stop` gives up: killing and removing take their time."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to run, as whom, and how it ends. Times are seconds."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    """The complete environment."""
    cwd: str
    log: Path
    """Standard output and error are appended here; the middle of a long one is dropped."""
    name: str
    """For messages: "postgres", "granian", "load agent"."""
    user: int | None = None
    """User id to run as; None: as we are."""
    group: int | None = None
    """Group id; None: the user's own group."""
    pass_fds: tuple[int, ...] = ()
    stop_signal: int = signal.SIGTERM
    death_signal: int = signal.SIGKILL
    """What the child gets when the owner or the supervisor dies."""
    grace: float = 5.0
    """Between the stop signal and SIGKILL."""
    mounts: Mapping[str, Path] = field(default_factory=dict)
    """Files that the child and its descendants see in the place of others: {"/etc/hosts": Path("copy")}."""
    remove: tuple[Path, ...] = ()
    """Directories removed when the tree has gone, also when pytest was killed."""


class Process:
    """A running command with all its descendants. A context manager that stops it.

    Raises ProcessError when the command cannot be started, with what happened.
    """

    pid: int
    """The child's, not the supervisor's."""
    log: Path

    def __init__(self, command: Command) -> None:
        self.command = command
        self.log = command.log
        self._owner = os.getpid()
        self._exit: int | None = None
        self._over = False
        self._survivors: list[int] = []
        self._left: list[str] = []
        self._reading = threading.RLock()
        self._start()

    def _start(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._supervisor = self._launch_supervisor(theirs.fileno())
        self._channel = supervisor.Channel(self._socket.fileno())
        try:
            self._channel.send(_order(self.command))
            self.pid = self._await_report()
        except BaseException:
            self._abandon()
            raise

    def _launch_supervisor(self, control: int) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-I", "-S", supervisor.__file__, str(control), str(self._owner)]
        try:
            with open(self.log, "ab") as log:
                self._log = Log(self.log)
                return subprocess.Popen(
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(control, *self.command.pass_fds),
                    start_new_session=True,  # Ctrl-C is for pytest, whose fixtures then tear down in order
                )
        except OSError as error:
            self._socket.close()
            raise ProcessError(f"{self.command.name} could not be started: {error}") from error

    def _await_report(self) -> int:
        limit = time.monotonic() + START_LIMIT
        while time.monotonic() < limit:
            for message in self._receive(limit - time.monotonic()):
                if "pid" in message:
                    return int(message["pid"])
                raise ProcessError(_not_started(self.command, message["error"]))
            if self._over:
                raise ProcessError(_not_started(self.command, f"its supervisor ended\n{self.log_tail()}"))
        raise ProcessError(_not_started(self.command, f"its supervisor said nothing for {START_LIMIT:.0f} s"))

    def _abandon(self) -> None:
        """Give up a start that went wrong: the end of the stream makes the supervisor end everything."""
        self._over = True
        self._socket.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._supervisor.wait(STOP_MARGIN)
        self._disown()

    def _disown(self) -> None:
        """The supervisor has removed what was to be removed."""
        for path in self.command.remove:
            if not path.exists():
                disown(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def poll(self) -> int | None:
        """The exit code (negative: a signal), None while it runs; never blocks."""
        self._receive(0)
        return self._exit

    def wait(self, timeout: float) -> int | None:
        """Wait for the child's end, `timeout` seconds at most; its exit code, or None."""
        limit = time.monotonic() + timeout
        while self.poll() is None and not self._over:
            rest = limit - time.monotonic()
            if rest <= 0:
                break
            self._receive(min(rest, 0.05))  # in slices: another thread may read the message that we wait for
        return self._exit

    def pids(self) -> list[int]:
        """The child and all its living descendants; empty when they have gone."""
        return [] if self._over else supervisor.descendants(self._supervisor.pid)

    def log_tail(self, lines: int = 20) -> str:
        """The last lines of the log, also after the end."""
        return self._log.tail(lines)

    def log_text(self) -> str:
        """The log, also after the end; of a long one the first 256 KB and the last 1 MB."""
        return self._log.text()

    def request_stop(self, grace: float | None = None) -> None:
        """Ask for the end without waiting for it: several can end side by side. `stop` then waits."""
        if os.getpid() != self._owner:  # a forked copy of pytest has no say
            return
        with self._reading:  # who hears of the end closes the channel
            if not self._over:
                self._channel.send({"grace": self.command.grace if grace is None else grace})

    def stop(self, grace: float | None = None) -> None:
        """End the whole tree and return when it has gone; calling it again does nothing.

        The child gets its stop signal and `grace` seconds; then everything that is left is killed. The
        supervisor finishes this also when the call is interrupted. Raises ProcessError if something survived.
        """
        if os.getpid() != self._owner:
            return
        grace = self.command.grace if grace is None else grace
        self.request_stop(grace)
        limit = time.monotonic() + grace + STOP_MARGIN
        while not self._over and time.monotonic() < limit:
            self._receive(0.05)
        if not self._over:
            self._supervisor.kill()  # its child gets the death signal
            self._lost()
        self._supervisor.wait()
        self._complain_about_survivors()

    def _complain_about_survivors(self) -> None:
        if self._survivors or self._left:
            what = [f"process {pid}" for pid in self._survivors] + self._left
            raise ProcessError(f"{self.command.name} was stopped, but this is left: {', '.join(what)}")

    def _receive(self, timeout: float) -> list[dict[str, Any]]:
        """Take note of what the supervisor says; waits for it `timeout` seconds at most."""
        if self._over:
            return []
        poller = select.poll()
        poller.register(self._channel.fd, select.POLLIN)
        poller.poll(max(0.0, timeout) * 1000)
        with self._reading:
            if self._over or not poller.poll(0):
                return []
            messages = self._channel.receive()
            for message in messages or []:
                self._note(message)
            if messages is None:
                self._lost()
            return messages or []

    def _note(self, message: dict[str, Any]) -> None:
        self._exit = message.get("exit", self._exit)
        if "stopped" in message:
            self._survivors, self._left = message["survivors"], message["left"]
            self._end()

    def _lost(self) -> None:
        """The supervisor was killed, so its child got the death signal; do what can be done from here."""
        if hasattr(self, "pid"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            self._left = supervisor.remove_directories([str(path) for path in self.command.remove])
        if self._exit is None:
            self._exit = -self.command.death_signal
        self._end()

    def _end(self) -> None:
        self._over = True
        self._socket.close()
        self._log.keep()
        self._disown()


def _order(command: Command) -> dict[str, Any]:
    """The command as the supervisor takes it: plain values only."""
    return {
        "argv": list(command.argv),
        "env": dict(command.env),
        "cwd": command.cwd,
        "user": command.user,
        "group": _group(command),
        "pass_fds": list(command.pass_fds),
        "stop_signal": int(command.stop_signal),
        "death_signal": int(command.death_signal),
        "grace": command.grace,
        "mounts": [(os.fsencode(path), os.fsencode(place)) for place, path in command.mounts.items()],
        "remove": [str(path) for path in command.remove],
    }


def _group(command: Command) -> int | None:
    if command.user is None or command.group is not None:
        return command.group
    try:
        return pwd.getpwuid(command.user).pw_gid
    except KeyError:
        return command.user


def _not_started(command: Command, reason: str) -> str:
    as_whom = "" if command.user is None else f" as user {command.user}"
    return f"{command.name} could not be started{as_whom}: {reason}\ncommand: {' '.join(command.argv)}"
