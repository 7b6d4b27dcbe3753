"""The upstream's own side: answers `/<ms>/` when the time has come, and counts what it was asked.

Nothing of it may become the limit of a measurement: the answers are made ahead of time, the waiting is a heap with one
timer, and there is no work per request besides parsing it.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import socket
from collections import deque
from functools import lru_cache
from heapq import heappop, heappush
from time import monotonic
from typing import Any

import httptools

from pytest_asyncbench.agent.alarm import alarm

ASKED = b"?"
"""What the owner writes to hear the count, eight bytes."""
_PATH = re.compile(rb"/(\d+(?:\.\d+)?)/?(?:\?.*)?")


class Clock:
    """Calls functions at their times, never before."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due: list[tuple[float, int, Any]] = []
        self._numbers = itertools.count()
        self._alarm = alarm(loop, self._ring)

    def call_at(self, when: float, call: Any) -> None:
        heappush(self._due, (when, next(self._numbers), call))
        if self._due[0][0] == when:
            self._alarm.set(when)

    def _ring(self) -> None:
        while self._due and self._due[0][0] <= monotonic():
            heappop(self._due)[2]()
        # A time of zero or in the past: the alarm rings at once; without a set it would ring on.
        self._alarm.set(self._due[0][0] if self._due else monotonic() + 3600.0)


class Answer:
    """What a request gets, and from when on."""

    __slots__ = ("data", "is_last", "is_ready")

    def __init__(self, data: bytes, is_last: bool) -> None:
        self.data = data
        self.is_last = is_last
        self.is_ready = False


class Service:
    """Counts requests over all connections."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.clock = Clock(loop)
        self.requests = 0

    async def serve(self, listener: socket.socket, owner: socket.socket) -> None:
        """Answer on `listener` until `owner` is closed at its other end."""
        ended = asyncio.Event()

        def hear() -> None:
            question = owner.recv(64)
            for _ in question:
                owner.sendall(self.requests.to_bytes(8, "big"))
            if not question:
                self.loop.remove_reader(owner)
                ended.set()

        server = await self.loop.create_server(lambda: Connection(self), sock=listener, backlog=4096)
        self.loop.add_reader(owner, hear)
        await ended.wait()
        server.close()


class Connection(asyncio.Protocol):
    """One client. Answers leave in the order of their requests, as HTTP wants it."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._parser = httptools.HttpRequestParser(self)
        self._answers: deque[Answer] = deque()
        self._url = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # asked for HTTP/2 in plain text: HTTP/1.1 is our answer
        except httptools.HttpParserError as error:
            self._transport.write(response(400, f"not HTTP: {error}"))
            self._transport.close()

    def on_message_begin(self) -> None:
        self._url = b""

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_message_complete(self) -> None:
        self._service.requests += 1
        delay, data = plan(self._url, self._parser.get_method() == b"HEAD")
        answer = Answer(data, not self._parser.should_keep_alive())
        self._answers.append(answer)
        if delay:
            self._service.clock.call_at(monotonic() + delay, lambda: self._send(answer))
        else:
            self._send(answer)

    def _send(self, answer: Answer) -> None:
        answer.is_ready = True
        while self._answers and self._answers[0].is_ready:
            first = self._answers.popleft()
            if not self._transport.is_closing():
                self._transport.write(first.data)
                if first.is_last:
                    self._transport.close()


@lru_cache(4096)
def plan(url: bytes, without_body: bool) -> tuple[float, bytes]:
    """Seconds after which a URL is answered, and the answer."""
    found = _PATH.fullmatch(url)
    if not found:
        return 0.0, response(404, "write /<ms>/: the answer comes after so many milliseconds", without_body)
    return float(found[1]) / 1000, response(200, f'{{"ms": {found[1].decode()}}}', without_body)


def response(status: int, text: str, without_body: bool = False) -> bytes:
    """A whole answer; JSON if it is ok."""
    reason = {200: "OK", 400: "Bad Request", 404: "Not Found"}[status]
    kind = "application/json" if status == 200 else "text/plain"
    head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\nContent-Length: {len(text)}\r\n\r\n"
    return (head + ("" if without_body else text)).encode()
