"""A server that keeps what it was sent: `GET /log` gives the bodies and targets so far. Plain, TLS, or a Unix socket.

Run as a script: `recorder.py WHERE [CERTIFICATE]`, WHERE a port (0: any) or a path. Prints its port when it listens.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import zlib

seen: list[tuple[str, str]] = []
handshakes = 0


def body_of(target: str, body: bytes) -> tuple[str, bytes]:
    """The answer's headers and body."""
    if target == "/log":
        return "", json.dumps({"seen": seen, "connections": handshakes}).encode()
    seen.append((target, body.decode()))
    if target == "/gzip":
        maker = zlib.compressobj(wbits=31)
        return "Content-Encoding: gzip\r\n", maker.compress(b'{"ok": true}') + maker.flush()
    if target == "/big":
        return "", json.dumps({"ok": True, "padding": "x" * 300_000}).encode()
    if target == "/lies":
        return "", b'{"ok": false, "error": "no quote today"}'
    return "", b'{"ok": true, "n": 1}'


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    global handshakes  # noqa: PLW0603
    handshakes += 1
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            target = head.split(" ")[1]
            lengths = [line for line in head.lower().split("\r\n") if line.startswith("content-length:")]
            body = await reader.readexactly(int(lengths[0].split(":")[1]) if lengths else 0)
            await asyncio.sleep(0.005 if target.startswith("/slow") else 0)
            headers, answer = body_of(target, body)
            writer.write(
                f"HTTP/1.1 200 OK\r\n{headers}Content-Length: {len(answer)}\r\n\r\n".encode() + answer
            )
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    writer.close()


async def main(where: str, certificate: str | None) -> None:
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    if where.isdigit():
        server = await asyncio.start_server(serve, "127.0.0.1", int(where), ssl=context)
        sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    else:
        server = await asyncio.start_unix_server(serve, where, ssl=context)
        sys.stdout.write("0\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None))
