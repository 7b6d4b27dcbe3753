"""The controller's side of a load agent: start it, give it plans, get results. Knows nothing of event loops."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection as Channel
from pathlib import Path
from time import monotonic
from typing import Any, Self, cast

import pytest_asyncbench
from pytest_asyncbench.agent.seat import LocalSeat, Seat
from pytest_asyncbench.directories import create
from pytest_asyncbench.errors import AgentLost, AsyncBenchError
from pytest_asyncbench.processes import Command, Process
from pytest_asyncbench.traffic.clocks import UNKNOWN, Offset, best, shifted
from pytest_asyncbench.traffic.plan import Plan, longest_time
from pytest_asyncbench.traffic.samples import SlotResult

PATIENCE = 10.0
"""Seconds beyond a plan's longest possible time after which a silent agent is given up."""
CANCEL_LIMIT = 2.0
"""Seconds in which an agent must have ended a cancelled slot."""
POLL = 0.1
"""Seconds between looks at whether the agent still lives, while it is silent."""
PINGS = 10
"""Readings of an agent's clock, of which the one with the shortest round trip counts."""
ALIGNED_FOR = 10.0
"""Seconds for which a reading holds: clocks that are being corrected run up to 0.5 ms per second apart, others 0.05."""

UNWANTED = frozenset(
    {"PYTHONASYNCIODEBUG", "PYTHONDEVMODE", "PYTHONWARNINGS", "PYTHONTRACEMALLOC", "PYTHONMALLOC"}
)
UNWANTED_PREFIXES = ("COV_CORE_", "COVERAGE_PROCESS_")
"""Variables that pytest may run under and that would slow the agent down, or end it."""


class SlotRefused(AsyncBenchError):
    """The agent cannot run a plan, with the reason: too few open files or local ports, a host without address."""


class SlotCancelled(AsyncBenchError):
    """The slot was ended by `Agent.cancel`."""


class Agent:
    """A load agent: one process, reused for every slot. A context manager that closes it.

    `run` may be used by one thread at a time; `cancel` by any. Times in results are readings of our own clock.
    """

    def __init__(self, seat: Seat, channel: Channel) -> None:
        self.seat = seat
        self.offset = Offset() if seat.shares_clock else UNKNOWN
        self._channel = channel
        self._sending = threading.Lock()
        self._number = 0
        self._limit = 0.0
        self._running = False
        self._closed = False

    @classmethod
    def start(cls, log: Path | None = None) -> Self:
        """Start an agent without waiting for it. Its output goes to `log` (default: a file of its own).

        Raises ProcessError when it cannot be started.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            process = Process(_command(theirs.fileno(), log))
        return cls(LocalSeat(process), Channel(ours.detach()))

    @property
    def pid(self) -> int:
        """The process that generates the load: its CPU time is the generator's."""
        return self.seat.pid

    def run(self, plan: Plan, notice: Callable[[str], None] | None = None) -> SlotResult:
        """Run one slot and wait for its result. `notice` is called with the name of each phase as it begins.

        Raises AgentLost when the agent ends or is silent for too long, SlotRefused when it has not the means,
        SlotCancelled after `cancel`. Any other exception that comes up meanwhile (KeyboardInterrupt, a test's
        time-out) cancels the slot; the agent is then usable, or closed if it did not obey.
        """
        try:
            self.begin(plan)
            return self.result(notice)
        except AsyncBenchError:
            raise
        except BaseException:
            self.abandon()
            raise
        finally:
            self._running = False

    # The parts of `run`, for several agents that run side by side.

    def align(self) -> None:
        """Learn how the clock of an agent elsewhere differs from ours, unless that is known. Raises AgentLost."""
        if self.seat.shares_clock or monotonic() - self.offset.read < ALIGNED_FOR:
            return
        readings = []
        for _ in range(PINGS):
            self._number += 1
            asked = monotonic()
            self._send(("ping", self._number))
            _, theirs = self._answer(PATIENCE, None)
            readings.append((asked, theirs, monotonic()))
        self.offset = best(readings)

    def begin(self, plan: Plan, *, hold: bool = False, tell: bool = True, most: int = sys.maxsize) -> None:
        """Begin a slot; with `hold` it waits when its users are connected, until `go`. Raises AgentLost.

        Without `tell` the agent does not say which phase begins. More than `most` samples come back in bins
        (see `traffic/bins.py`).
        """
        if self._closed:
            raise AgentLost("the load agent is closed")
        self._number += 1
        self._running = True
        self._limit = longest_time(plan) + PATIENCE
        self._send(("run", self._number, plan, hold, tell, most))

    def until_held(self) -> None:
        """Wait until the users of a held slot are connected. Raises what `run` raises if it ends before."""
        held = self._answer(self._limit, None, until="hold")
        if held[0] != "phase":
            self._running = False
            _result(held)

    def go(self, at: float = 0.0) -> None:
        """Let a held slot send at a reading of our clock; at once if that has passed. Raises AgentLost."""
        self._send(("go", self._number, at + self.offset.seconds))

    def result(
        self,
        notice: Callable[[str], None] | None = None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> SlotResult:
        """Wait for the result of the slot that was begun. Raises what `run` raises.

        `meanwhile` is called every 0.1 s.
        """
        answer = self._answer(self._limit, notice, meanwhile=meanwhile)
        self._running = False
        return shifted(_result(answer), self.offset)

    def abandon(self) -> None:
        """Cancel the slot that was begun, if it has not ended; an agent that does not obey is closed."""
        if self._running:
            self._running = False
            self._give_up_slot()

    def require_alive(self) -> None:
        """Raise AgentLost if the agent has ended or its connection was closed, without waiting for its word.

        That is seen only where nothing that it has said is unread: of a slot that was begun without `tell`.
        """
        if self._channel.poll(0):
            if _is_at_end(self._channel):
                raise self._lost("it closed the connection")
        elif ended := self.seat.ended():
            raise self._lost(ended)

    @property
    def is_closed(self) -> bool:
        """Whether it was closed, or lost: it can run nothing any more."""
        return self._closed

    def cancel(self) -> None:
        """End the slot that is running, if one is; its `run` raises SlotCancelled."""
        if self._running:
            self._send(("cancel", self._number))

    def let_go(self) -> None:
        """Close the connection: the agent ends by itself. Calling it again does nothing."""
        self._closed = True
        self._channel.close()

    def close(self) -> None:
        """End the agent, and return when it has gone. Calling it again does nothing."""
        self.let_go()
        self.seat.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _send(self, message: tuple[Any, ...]) -> None:
        try:
            with self._sending:
                self._channel.send(message)
        except OSError as error:
            raise self._lost(f"it could not be reached ({error})") from error

    def _answer(
        self,
        limit: float,
        notice: Callable[[str], None] | None,
        until: str = "",
        meanwhile: Callable[[], None] = lambda: None,
    ) -> tuple[Any, ...]:
        """The agent's last word on the slot that is running, or its word that the phase `until` has begun."""
        deadline = monotonic() + limit
        while True:
            kind, number, *rest = self._receive(deadline, limit, meanwhile)
            if number != self._number:
                continue
            if kind != "phase" or rest[0] == until:
                return (kind, *rest)
            if notice is not None:
                notice(rest[0])

    def _receive(self, until: float, limit: float, meanwhile: Callable[[], None]) -> Any:
        while not self._channel.poll(POLL):
            meanwhile()
            if (ended := self.seat.ended()) and not self._channel.poll(0):
                raise self._lost(ended)
            if monotonic() > until:
                raise self._lost(f"it was silent for {limit:.0f} s")
        try:
            return self._channel.recv()
        except (EOFError, OSError) as error:
            raise self._lost("it closed the connection") from error
        except BaseException:  # interrupted inside a message: what follows could not be understood
            self.close()
            raise

    def _give_up_slot(self) -> None:
        if self._closed:
            return
        try:
            self._send(("cancel", self._number))
            self._answer(CANCEL_LIMIT, None)
        except AgentLost:
            self.close()

    def _lost(self, what: str) -> AgentLost:
        with contextlib.suppress(OSError):
            self._channel.close()
        self._closed = True
        return AgentLost(f"the load agent ({self.seat.place}) was lost: {what}, {self.seat.obituary()}")


def _is_at_end(channel: Channel) -> bool:
    """Whether the other end was closed; a message that has come is not taken."""
    with socket.socket(fileno=os.dup(channel.fileno())) as peeking:
        try:
            return not peeking.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True


def _result(answer: tuple[Any, ...]) -> SlotResult:
    kind, *rest = answer
    if kind == "done":
        result: SlotResult = rest[0]
        return result
    if kind == "refused":
        raise SlotRefused(rest[0])
    if kind == "stopped":
        raise (
            KeyboardInterrupt if rest[0] == "KeyboardInterrupt" else SlotRefused(f"the flow raised {rest[0]}")
        )
    if kind == "cancelled":
        raise SlotCancelled("the slot was cancelled")
    raise AgentLost(f"the load agent failed; this is a bug in pytest-asyncbench:\n{rest[0]}")


def _command(descriptor: int, log: Path | None) -> Command:
    own = None if log else create("agent")
    return Command(
        # -P: a select.py in the current directory must not be taken for the standard library's
        argv=(sys.executable, "-P", "-m", "pytest_asyncbench.agent", str(descriptor)),
        env=python_environment(os.environ),
        cwd=os.getcwd(),
        log=log or cast(Path, own) / "agent.log",
        name="load agent",
        pass_fds=(descriptor,),
        grace=1.0,
        remove=(own,) if own else (),
    )


def python_environment(env: Mapping[str, str]) -> dict[str, str]:
    """The agent's environment: ours, without what slows Python down, and with the place of this package."""
    home = Path(pytest_asyncbench.__file__).parent.parent
    paths = [env["PYTHONPATH"]] if env.get("PYTHONPATH") else []
    if home.name not in ("site-packages", "dist-packages"):
        paths.append(str(home))
    kept = {
        name: value
        for name, value in env.items()
        if name not in UNWANTED and not name.startswith(UNWANTED_PREFIXES)
    }
    return kept | ({"PYTHONPATH": os.pathsep.join(paths)} if paths else {})
