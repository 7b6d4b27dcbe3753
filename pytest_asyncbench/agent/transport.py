"""`httpx.AsyncClient` over the agent's own wire client: what the function of a flow gets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import httpx

from pytest_asyncbench.agent.caller import Answer, StepFailed
from pytest_asyncbench.agent.ledger import (
    CLIENT_FD,
    CLIENT_PORT,
    CONNECT_TIMEOUT,
    PROTOCOL,
    REFUSED,
    RESET,
    TIMEOUT,
)
from pytest_asyncbench.agent.stock import StockRequest
from pytest_asyncbench.traffic.plan import WireFlow, WireRequest

Fetch: TypeAlias = Callable[[WireRequest, float], Awaitable[Answer]]
"""Sends a request, and gives its answer within so many seconds; raises StepFailed."""

ERRORS: dict[int, type[httpx.TransportError]] = {
    TIMEOUT: httpx.ReadTimeout,
    CONNECT_TIMEOUT: httpx.ConnectTimeout,
    REFUSED: httpx.ConnectError,
    RESET: httpx.ReadError,
    PROTOCOL: httpx.RemoteProtocolError,
    CLIENT_PORT: httpx.ConnectError,
    CLIENT_FD: httpx.ConnectError,
}
"""What httpx raises, by outcome."""

MOST_URLS = 1000
"""Addresses whose parsing is remembered."""


class Body(httpx.AsyncByteStream):
    """The bytes of an answer's body; they are there already."""

    __slots__ = ("body",)

    def __init__(self, body: bytes) -> None:
        self.body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self.body:
            yield self.body


class Transport(httpx.AsyncBaseTransport):
    """Sends a client's requests to the server under test, whatever address it is really at.

    `extensions` of a request may hold `name` (of its statistics; default "GET /path") and `expect` (a status, or a
    set of them, that is ok). Raises what httpx's own transport raises; its errors have the `outcome`.
    """

    def __init__(self, fetch: Fetch, flow: WireFlow, timeout: float) -> None:
        self.fetch = fetch
        self.expect = flow.expect
        self.base = httpx.URL(f"{flow.scheme}://{flow.host}")
        self.netloc = self.base.netloc  # as httpx writes it: lower case, no port 80
        self.http2 = flow.http2
        self.timeout = timeout

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request and its answer, read to the end."""
        wire = self._wire(request, await request.aread())
        limit = request.extensions["timeout"].get("read") if "timeout" in request.extensions else None
        try:
            answer = await self.fetch(wire, self.timeout if limit is None else limit)
        except StepFailed as failed:
            raise _raised(failed, wire, request) from None
        return _response(answer)

    def _wire(self, request: httpx.Request, body: bytes) -> WireRequest:
        url, extensions = request.url, request.extensions
        if url.netloc != self.netloc or url.scheme != self.base.scheme:
            raise httpx.UnsupportedProtocol(
                f"{url}: load goes to the test's own server; write a path, or {self.base}/...",
                request=request,
            )
        path = url.raw_path
        name = extensions.get("name") or f"{request.method} {path.partition(b'?')[0].decode('ascii')}"
        expect = extensions.get("expect", self.expect)
        allowed = frozenset((expect,)) if isinstance(expect, int) else frozenset(expect)
        if self.http2:
            return StockRequest(name, request.method, b"", allowed, request)
        return WireRequest(name, request.method, encode(request, path, body), allowed)


def encode(request: httpx.Request, path: bytes, body: bytes) -> bytes:
    """A request as it is sent. Raises httpx.LocalProtocolError for a header that holds a line break."""
    fields = request.headers.raw
    lines = [b"%s %s HTTP/1.1" % (request.method.encode("ascii"), path)]
    lines += [b"%s: %s" % field for field in fields]
    head = b"\r\n".join(lines)
    if head.count(b"\n") != len(fields) or head.count(b"\r") != len(fields) or b"\0" in head:
        raise httpx.LocalProtocolError("a header holds a line break", request=request)
    if "transfer-encoding" in request.headers:  # a stream of unknown length, which has been read
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
    return b"%b\r\n\r\n%b" % (head, body)


def _response(answer: Answer) -> httpx.Response:
    return httpx.Response(
        answer.status,
        headers=answer.headers,
        stream=Body(answer.body),
        extensions={"http_version": answer.version, "reason_phrase": answer.reason},
    )


def _raised(failed: StepFailed, wire: WireRequest, request: httpx.Request) -> httpx.TransportError:
    error = ERRORS[failed.outcome](f"{wire.name}: {failed.why}", request=request)
    error.outcome = failed.outcome  # type: ignore[attr-defined]
    return error


class Cookies(httpx.Cookies):
    """A cookie jar that looks only at answers that set a cookie: the standard library's takes 20 us for the others."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """Keep the cookies that an answer sets."""
        if "set-cookie" in response.headers:
            super().extract_cookies(response)


class Client(httpx.AsyncClient):
    """An `httpx.AsyncClient` that parses every address once: httpx takes 20 us for it, each time.

    It overrides what httpx does not document; where a version of httpx does not call it, it is only slower.
    """

    def __init__(self, **words: Any) -> None:
        super().__init__(**words)
        self._cookies: httpx.Cookies = Cookies()
        self._addresses: dict[str, httpx.URL] = {}
        self._relative_to = self.base_url

    def _merge_url(self, url: httpx.URL | str) -> httpx.URL:
        if not isinstance(url, str):
            return super()._merge_url(url)
        if self.base_url is not self._relative_to:
            self._addresses.clear()
            self._relative_to = self.base_url
        known = self._addresses.get(url)
        if known is None:
            known = super()._merge_url(url)
            if len(self._addresses) < MOST_URLS:
                self._addresses[url] = known
        return known


def new_client(fetch: Fetch, flow: WireFlow, timeout: float, keepalive: bool) -> httpx.AsyncClient:
    """A client of one user, with cookies of its own. Redirects are not followed, as always in httpx.

    It sends the headers that requests of a load have: no accept-encoding, whether answers are compressed is the
    test's to say.
    """
    client = Client(
        transport=Transport(fetch, flow, timeout),
        base_url=f"{flow.scheme}://{flow.host}",
        headers={"User-Agent": "pytest-asyncbench"},
        timeout=timeout,
        trust_env=False,
    )
    del client.headers["accept-encoding"]
    if not keepalive:
        client.headers["connection"] = "close"
    return client
