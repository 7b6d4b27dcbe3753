"""The slow API that this project needs for an answer: `GET /<ms>/` takes so many milliseconds."""

import os

import httpx

URL = os.environ.get("UPSTREAM_URL", "http://127.0.0.1:9999")

SLOWEST = 600
"""Milliseconds of the slowest of three calls."""

PATIENCE = 30.0
"""Seconds for each step of a call. httpx's own 5 are soon over where many threads want one CPU."""

# A client that is made without `verify` builds a TLS context: it reads the certificates of 150 authorities, which takes
# 13 to 23 ms of CPU, also if all that it will ever ask is http://. A context may be shared by clients and threads.
VERIFY = httpx.create_ssl_context() if os.environ.get("TLS_CONTEXT") == "once" else True


def client() -> httpx.Client:
    """A client for one request of ours."""
    return httpx.Client(base_url=URL, verify=VERIFY, timeout=PATIENCE)


def async_client() -> httpx.AsyncClient:
    """The same for a coroutine."""
    return httpx.AsyncClient(base_url=URL, verify=VERIFY, timeout=PATIENCE)


def path(ms: int) -> str:
    """What is answered after so many milliseconds."""
    return f"/{ms}/"


def paths(slowest: int) -> list[str]:
    """Three calls: with 600 ms for the slowest 1050 ms one after the other, and 600 side by side."""
    return [path(slowest // 2), path(slowest), path(slowest // 4)]
