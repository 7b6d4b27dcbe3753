"""The server of the self-check: an answer for half a millisecond of CPU time, and one for nothing at `/nothing`.

python -m pytest_asyncbench.selfcheck.app PORT
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import cast

WORK = 0.0005
"""Seconds of CPU time per answer: about what a small view costs a framework."""
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n"
END = b"\r\n\r\n"


class App(asyncio.Protocol):
    """Answers every request of a connection; bodies are not expected."""

    def __init__(self) -> None:
        self.unread = b""
        self.transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.WriteTransport, transport)  # uvloop's is no subclass of it

    def data_received(self, data: bytes) -> None:
        *requests, self.unread = (self.unread + data).split(END)
        for request in requests:
            if not request.startswith(b"GET /nothing"):
                work(WORK)
            if self.transport is not None:
                self.transport.write(ANSWER)


def work(seconds: float) -> int:
    """Use so much CPU time of this thread."""
    until = time.thread_time() + seconds
    turns = 0
    while time.thread_time() < until:
        turns += sum(range(50))
    return turns


async def serve(port: int) -> None:
    """Listen on loopback until the process is ended."""
    server = await asyncio.get_running_loop().create_server(App, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    if sys.implementation.name == "cpython":
        import uvloop

        uvloop.run(serve(int(sys.argv[1])))
    else:
        asyncio.run(serve(int(sys.argv[1])))
