"""Requests of flows over httpx's own transport: for HTTP/2, which the agent does not speak itself."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

import httpx

from pytest_asyncbench.agent.caller import Answer, Caller, StepFailed
from pytest_asyncbench.agent.ledger import (
    BAD_STATUS,
    CONNECT_TIMEOUT,
    FAILED,
    OK,
    PROTOCOL,
    REFUSED,
    RESET,
    TIMEOUT,
)
from pytest_asyncbench.traffic.plan import WireRequest

if TYPE_CHECKING:
    from pytest_asyncbench.agent.slot import Slot
    from pytest_asyncbench.agent.steps import Steps
    from pytest_asyncbench.agent.user import User

BLAME: tuple[tuple[type[Exception], int], ...] = (
    (httpx.ConnectTimeout, CONNECT_TIMEOUT),
    (httpx.TimeoutException, TIMEOUT),
    (TimeoutError, TIMEOUT),
    (httpx.ConnectError, REFUSED),
    (httpx.NetworkError, RESET),
    (httpx.ProtocolError, PROTOCOL),
)
"""Outcome of what httpx raises: the first that fits."""
TEXT_BYTES = 200
"""How much of a refused answer's body a message shows."""


@dataclass(frozen=True, slots=True)
class StockRequest(WireRequest):
    """A request that httpx sends itself; `data` is empty."""

    origin: Any


class StockCaller(Caller):
    """One request at a time of one visitor, over a connection of httpx's own."""

    __slots__ = ("transport",)

    def __init__(self, slot: Slot, visitor: User, steps: Steps) -> None:
        super().__init__(slot, visitor, steps)
        self.transport = httpx.AsyncHTTPTransport(
            verify=slot.tls or False,
            trust_env=False,
            uds=slot.plan.target.path or None,
            http1=slot.tls is not None,  # without TLS nothing is negotiated, so the server must expect HTTP/2
            http2=True,
            limits=httpx.Limits(max_keepalive_connections=None if slot.plan.keepalive else 0),
        )

    def connect(self) -> None:
        """httpx connects with its first request."""
        self.slot.user_ready()

    async def fetch(self, request: WireRequest, limit: float) -> Answer:
        """Send a request and wait for its whole answer, at most `limit` seconds. Raises StepFailed."""
        assert isinstance(request, StockRequest)
        self.request = request
        self.sent = monotonic()
        self.tally = self.slot.tally
        self.busy = True
        outcome = FAILED  # unless something else is known: the visit was cancelled
        try:
            async with asyncio.timeout(limit):
                answer = await self._exchange(request)
            outcome = BAD_STATUS if answer.unexpected else OK
        except (TimeoutError, httpx.TransportError) as error:
            outcome = next((known for kind, known in BLAME if isinstance(error, kind)), RESET)
            raise StepFailed(outcome, str(error) or f"no answer within {limit:g} s") from None
        finally:
            self._end(outcome)
        return answer

    async def _exchange(self, request: StockRequest) -> Answer:
        response = await self.transport.handle_async_request(self._addressed(request.origin))
        try:
            body = await response.aread()
        finally:
            await response.aclose()
        known = response.extensions
        expected = response.status_code in request.expect
        text = body[:TEXT_BYTES].decode("utf-8", "replace")
        return Answer(
            response.status_code,
            known.get("reason_phrase", b""),
            response.headers.raw,
            body,
            "" if expected else f"{response.status_code}: {' '.join(text.split())}",
            known.get("http_version", b"HTTP/2"),
        )

    def _addressed(self, request: httpx.Request) -> httpx.Request:
        """The request on its way to where the server really is, whatever host its address names."""
        target = self.slot.plan.target
        url = request.url if target.path else request.url.copy_with(host=target.host, port=target.port)
        return httpx.Request(
            request.method,
            url,
            headers=request.headers,
            stream=request.stream,
            extensions={"sni_hostname": target.server_name or target.host},
        )

    def give_up(self, limit: float) -> None:
        """Every request has its own time limit."""

    def check_time(self, now: float) -> None:
        """Every request has its own time limit."""

    async def aclose(self) -> None:
        """Close its connection."""
        await self.transport.aclose()
