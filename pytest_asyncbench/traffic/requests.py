"""Requests, described with httpx's words and encoded once to the bytes that the agent sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.traffic.plan import WireRequest

if TYPE_CHECKING:
    import httpx

KEYWORDS = ("params", "headers", "cookies", "content", "data", "files", "json")
"""httpx's keywords of a request."""

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")

_REFUSALS = (TypeError, ValueError, AttributeError, AssertionError, RuntimeError)
"""What httpx raises for a keyword of a wrong type, for a header that is no text, for an asynchronous body."""

DEFAULT_HEADERS = (("accept", "*/*"), ("user-agent", "pytest-asyncbench"))
"""Sent unless the request has its own. No accept-encoding: whether answers are compressed is the test's to say."""


@dataclass(frozen=True, slots=True, eq=False)
class RequestDescription:
    """A request that is not bound to a server yet: method, path and httpx's keywords."""

    method: str
    url: str
    keywords: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None

    @property
    def label(self) -> str:
        """The name under which its figures are shown."""
        return self.name or f"{self.method} {self.url}"


def request(method: str, url: str, *, name: str | None = None, **keywords: Any) -> RequestDescription:
    """Describe a request: `request("POST", "/items", json={"n": 1})`; the keywords are httpx's.

    Raises SpecError for an unknown keyword or method, and for an address that is not a path of the test's server.
    """
    if unknown := sorted(set(keywords) - set(KEYWORDS)):
        raise SpecError(
            f"request({method!r}, {url!r}) has no keyword {unknown[0]!r}; it has name, {', '.join(KEYWORDS)}"
        )
    if str(method).upper() not in METHODS:
        raise SpecError(f"request({method!r}, {url!r}): the method is one of {', '.join(METHODS)}")
    if not isinstance(url, str) or not url.startswith("/"):
        raise SpecError(
            f"request({method!r}, {url!r}): write a path that begins with '/'; load goes to the test's own server"
        )
    return RequestDescription(method.upper(), url, keywords, name)


def encode(
    description: RequestDescription,
    *,
    base_url: str,
    host_header: str | None = None,
    expect: frozenset[int],
    keepalive: bool = True,
) -> WireRequest:
    """The bytes that ask the server at `base_url` for `description`. Raises SpecError for what HTTP cannot carry."""
    import httpx

    try:
        built = httpx.Request(description.method, base_url + description.url, **description.keywords)
        body = built.read()
    except (*_REFUSALS, httpx.HTTPError, httpx.InvalidURL) as error:
        raise SpecError(f"{description.label}: httpx cannot build this request: {error!r}") from error
    head = [f"{built.method} ".encode() + built.url.raw_path + b" HTTP/1.1"]
    head += [name + b": " + value for name, value in _headers(built, body, host_header, keepalive)]
    if any(b"\r" in line or b"\n" in line for line in head):
        raise SpecError(f"{description.label}: a header holds a line break")
    return WireRequest(description.label, built.method, b"\r\n".join(head) + b"\r\n\r\n" + body, expect)


def _headers(
    built: httpx.Request, body: bytes, host_header: str | None, keepalive: bool
) -> list[tuple[bytes, bytes]]:
    headers = built.headers
    if host_header is not None:
        headers["host"] = host_header
    for name, value in DEFAULT_HEADERS:
        headers.setdefault(name, value)
    if headers.pop("transfer-encoding", None) is not None:
        headers["content-length"] = str(len(body))  # the body has been read: its length is known
    if not keepalive:
        headers["connection"] = "close"
    return headers.raw
