"""A hostile server on real sockets, an agent, and a network in memory with a clock of its own."""

from __future__ import annotations

import asyncio
import json
import selectors
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pytest_asyncbench.agent import alarm, burst, caller, closed, flow, slot, user
from pytest_asyncbench.agent import open as open_loop
from pytest_asyncbench.agent.client import Agent
from pytest_asyncbench.agent.service import run_of
from pytest_asyncbench.traffic.plan import Plan, Target, WireRequest
from pytest_asyncbench.traffic.samples import SlotResult


@pytest.fixture(scope="session")
def agent() -> Iterator[Agent]:
    with Agent.start() as agent:
        yield agent


@dataclass
class Hostile:
    """A running `hostile.py`."""

    process: subprocess.Popen[str]
    port: int

    @property
    def target(self) -> Target:
        return Target("127.0.0.1", self.port)

    def counts(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/counts", timeout=10) as answer:
            counts: dict[str, Any] = json.load(answer)
        return counts

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def start_hostile() -> Iterator[Callable[[], Hostile]]:
    started: list[Hostile] = []

    def start() -> Hostile:
        script = str(Path(__file__).with_name("hostile.py"))
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        process = subprocess.Popen([sys.executable, script], text=True, **pipes)
        assert process.stdout is not None
        started.append(Hostile(process, int(process.stdout.readline())))
        return started[-1]

    yield start
    for server in started:
        server.kill()


@pytest.fixture
def hostile(start_hostile: Callable[[], Hostile]) -> Hostile:
    return start_hostile()


@pytest.fixture(scope="session")
def wire() -> Callable[..., WireRequest]:
    """Makes a request of a path."""

    def make(
        path: str, method: str = "GET", expect: frozenset[int] = frozenset(range(200, 300))
    ) -> WireRequest:
        data = f"{method} {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode()
        return WireRequest(f"{method} {path}", method, data, expect)

    return make


# A network in memory, and a clock that jumps to the next timer: what takes seconds is exact, and over at once.


class JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting, moves the clock."""

    now = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everybody waits, and nothing will happen")
        self.now += max(0.0, timeout)
        return super().select(0)


@dataclass
class Reply:
    """What a server in memory does with one request: after `delay`, sends chunks; then perhaps ends the stream."""

    chunks: Sequence[bytes]
    delay: float = 0.0
    end: bool = False
    error: Exception | None = None


Server = Callable[[bytes, float], Reply]
"""Takes a request and the time."""


@dataclass
class MemoryTransport:
    """The client's end of a connection in memory."""

    loop: asyncio.AbstractEventLoop
    protocol: Any
    server: Server
    closed: bool = False
    coming: list[Any] = field(default_factory=list)

    def write(self, data: bytes) -> None:
        if self.closed:
            return
        reply = self.server(data, self.loop.time())
        self.loop.call_later(reply.delay, self._arrive, reply)

    def _arrive(self, reply: Reply) -> None:
        """The bytes of a stream keep their order, also when the last answer is not through yet."""
        self.coming += [*reply.chunks, *([reply] if reply.end or reply.error else [])]
        self.loop.call_soon(self._pump)

    def _pump(self) -> None:
        if self.closed or not self.coming:
            return
        chunk = self.coming.pop(0)
        self.loop.call_soon(self._pump)
        if isinstance(chunk, Reply):
            self.closed = True
            self.protocol.connection_lost(chunk.error)
        elif chunk:
            self.protocol.data_received(chunk)

    def abort(self) -> None:
        if not self.closed:
            self.closed = True
            self.loop.call_soon(self.protocol.connection_lost, None)


class MemoryLoop(asyncio.SelectorEventLoop):
    """Connects to a server in memory, in virtual time."""

    def __init__(self, server: Server, connect: Callable[[], None]) -> None:
        self.connect = connect
        self.jumping = JumpingSelector()
        self.server = server
        self.transports: list[MemoryTransport] = []
        super().__init__(self.jumping)

    def time(self) -> float:
        return self.jumping.now

    async def create_connection(self, factory: Any, *args: Any, **kwargs: Any) -> Any:
        self.connect()
        protocol = factory()
        transport = MemoryTransport(self, protocol, self.server)
        self.transports.append(transport)
        protocol.connection_made(transport)
        return transport, protocol


@pytest.fixture(scope="session")
def memory_run() -> Callable[..., SlotResult]:
    """Runs a plan against a server in memory, in virtual time; `connect` may raise what connecting raises."""

    def run(plan: Plan, server: Server, connect: Callable[[], None] = lambda: None) -> SlotResult:
        loop = MemoryLoop(server, connect)

        async def perform() -> SlotResult:
            return await run_of(plan, "memory", lambda phase: None).run()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(open_loop, "alarm", alarm.LoopAlarm)  # the kernel's alarm keeps real time
            for module in (alarm, burst, caller, closed, flow, open_loop, slot, user):
                patch.setattr(module, "monotonic", loop.time)
                patch.setattr(module, "process_time", lambda: 0.0, raising=False)
            try:
                return loop.run_until_complete(perform())
            finally:
                loop.close()

    return run


@pytest.fixture(scope="session")
def reply() -> type[Reply]:
    return Reply
