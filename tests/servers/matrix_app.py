"""Apps that tell the process that answers: WSGI, ASGI, and FastAPI with a lifespan."""

import os
from contextlib import asynccontextmanager

from fastapi import FastAPI


def wsgi(environ, start_response):
    body = str(os.getpid()).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    body = str(os.getpid()).encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


opened: dict[str, int] = {}


@asynccontextmanager
async def lifespan(app):
    opened["pool"] = os.getpid()
    yield


fastapi = FastAPI(lifespan=lifespan)


@fastapi.get("/pid")
async def pid() -> int:
    """Answered by an app whose lifespan has begun; 500 by any other."""
    return opened["pool"]
