"""A server that does on request what servers should not do, and some things that they may.

Run as a script, with the address to listen at (default: 127.0.0.1): prints its port, then serves until its standard
input is closed. `GET /counts` says how many requests for each path, and how many connections, there were. Raw asyncio:
nothing repairs what is sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
import struct
import sys
from collections import Counter
from collections.abc import Awaitable, Callable

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BIG = 10_000_000


class Client:
    """One connection of a client, and what can be done to it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.open = True
        self.request = ""
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def send_in_pieces(self, data: bytes) -> None:
        for index in range(len(data)):
            await self.send(data[index : index + 1])
            await asyncio.sleep(0.0002)

    def close(self) -> None:
        self.open = False

    def reset(self) -> None:
        """Close with RST."""
        linger = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.open = False


Behaviour = Callable[[Client], Awaitable[None]]
BEHAVIOURS: dict[str, Behaviour] = {}
ANSWERS: dict[str, bytes] = {
    "/ok": OK,
    "/chunked": CHUNKED + b"2\r\nok\r\n0\r\n\r\n",
    "/trailers": CHUNKED + b"2\r\nok\r\n0\r\nX-Checksum: 1\r\n\r\n",
    "/continue": b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
    "/early-hints": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK,
    "/no-reason": b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
    "/204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "/204-with-length": b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n",
    "/304": b"HTTP/1.1 304 Not Modified\r\n\r\n",
    "/304-with-length": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n",
    "/302": b"HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n",
    "/500": b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 16\r\n\r\ndivision by zero",
    "/500-chunked": b"HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbad\r\n4\r\nluck\r\n0\r\n\r\n",
    "/garbage": OK + b"GARBAGE",
    "/half-an-answer": OK + b"HTTP/1.1 2",
    "/two-answers": OK + OK,
    "/too-short": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokokokokok",
    "/too-long": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok",
    "/not-http": b"SSH-2.0-OpenSSH_9.6\r\n",
    "/bad-chunk": CHUNKED + b"xyz\r\n",
    "/switch": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    "/bad-header": b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok",
}
CLOSING: dict[str, bytes] = {
    "/until-close": b"HTTP/1.1 200 OK\r\n\r\nok",
    "/until-close-empty": b"HTTP/1.1 200 OK\r\n\r\n",
    "/http10": b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nok",
    "/connection-close": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    "/connection-close-garbage": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nokGARBAGE",
    "/close-after": OK,
    "/close-inside": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok",
    "/close-in-head": b"HTTP/1.1 200 OK\r\nContent-",
    "/close-in-chunks": CHUNKED + b"2\r\nok\r\n",
    "/close": b"",
}


def behaviour(path: str) -> Callable[[Behaviour], Behaviour]:
    def register(function: Behaviour) -> Behaviour:
        BEHAVIOURS[path] = function
        return function

    return register


@behaviour("/reset-before")
async def reset_before(client: Client) -> None:
    client.reset()


@behaviour("/reset-inside")
async def reset_inside(client: Client) -> None:
    await client.send(OK[:20])
    await asyncio.sleep(0.01)
    client.reset()


@behaviour("/reset-after")
async def reset_after(client: Client) -> None:
    await client.send(OK)
    client.reset()


@behaviour("/garbage-later")
async def garbage_later(client: Client) -> None:
    await client.send(OK)
    await asyncio.sleep(0.02)
    await client.send(b"GARBAGE")


@behaviour("/silent")
async def silent(client: Client) -> None:
    await client.reader.read()


@behaviour("/endless-headers")
async def endless_headers(client: Client) -> None:
    await client.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        await client.send(b"X-More: " + b"x" * 1000 + b"\r\n")
        await asyncio.sleep(0.001)


@behaviour("/endless-line")
async def endless_line(client: Client) -> None:
    await client.send(b"HTTP/1.1 200 OK\r\nX-More: ")
    while True:
        await client.send(b"x" * 1000)
        await asyncio.sleep(0.001)


@behaviour("/pieces")
async def pieces(client: Client) -> None:
    await client.send_in_pieces(ANSWERS["/early-hints"])


@behaviour("/pieces-chunked")
async def pieces_chunked(client: Client) -> None:
    await client.send_in_pieces(ANSWERS["/trailers"])


@behaviour("/pieces-until-close")
async def pieces_until_close(client: Client) -> None:
    await client.send_in_pieces(CLOSING["/until-close"])
    client.close()


@behaviour("/big")
async def big(client: Client) -> None:
    await client.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BIG + b"x" * BIG)


@behaviour("/big-until-close")
async def big_until_close(client: Client) -> None:
    await client.send(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * BIG)
    client.close()


logins = itertools.count(1)


@behaviour("/login")
async def login(client: Client) -> None:
    """A new cookie for everybody who comes."""
    cookie = b"Set-Cookie: sid=%d; Path=/\r\n" % next(logins)
    await client.send(OK.replace(b"Content-Length", cookie + b"Content-Length"))


@behaviour("/echo")
async def echo(client: Client) -> None:
    """The request, back again."""
    body = b"" if client.request.startswith("HEAD") else client.request.encode()
    await client.send(b"HTTP/1.1 200 So\r\nX-Case: As-It-Is\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


class Hundredth:
    """Every hundredth answer takes 100 ms."""

    count = 0

    async def __call__(self, client: Client) -> None:
        self.count += 1
        await asyncio.sleep(0.1 if self.count % 100 == 0 else 0.0)
        await client.send(OK)


BEHAVIOURS["/hundredth"] = Hundredth()


async def answer(client: Client, method: str, path: str) -> None:
    if path in ANSWERS:
        data = ANSWERS[path]
        await client.send(data if method != "HEAD" else data[: data.index(b"\r\n\r\n") + 4])
    elif path in CLOSING:
        await client.send(CLOSING[path])
        client.close()
    elif path.startswith("/after/"):
        await asyncio.sleep(float(path.removeprefix("/after/")) / 1000)
        await client.send(OK)
    else:
        await BEHAVIOURS[path.split("?")[0]](client)


class Server:
    """Counts requests by path, and connections."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        client = Client(reader, writer)
        try:
            while client.open:
                await self.one_request(client)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    async def one_request(self, client: Client) -> None:
        head = await client.reader.readuntil(b"\r\n\r\n")
        method, path, _ = head.decode().split("\r\n")[0].split()
        client.request = head.decode()
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                client.request += (await client.reader.readexactly(int(line.split(b":")[1]))).decode()
        if path == "/counts":
            body = json.dumps({"requests": self.requests, "connections": self.connections}).encode()
            await client.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            return
        self.requests[path] += 1
        await answer(client, method, path)


async def main() -> None:
    host = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1"
    server = await asyncio.start_server(Server().serve, host, 0, backlog=512)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for task in asyncio.all_tasks():
        task.cancel()


if __name__ == "__main__":
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(main())
