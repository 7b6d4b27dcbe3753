"""Requests, described with httpx's words and encoded once to the bytes that the agent sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.traffic.auth import authorized
from pytest_asyncbench.traffic.encoding import Encoded, RequestShaped, from_request, from_words
from pytest_asyncbench.traffic.plan import WireRequest

KEYWORDS = ("params", "headers", "cookies", "auth", "content", "data", "files", "json")
"""httpx's keywords of a request."""

MADE_BY_FUNCTION = ("params", "content", "data", "json")
"""Keywords that may be a function of the request's number: it makes every request another one."""

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")

DEFAULT_HEADERS = ((b"Accept", b"*/*"), (b"User-Agent", b"pytest-asyncbench"))
"""Sent unless the request has its own. No accept-encoding: whether answers are compressed is the test's to say."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RequestDescription:
    """A request that is not bound to a server yet: method, path and httpx's keywords, or one that is `shaped` like
    httpx.Request."""

    method: str
    url: str
    keywords: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None
    shaped: RequestShaped | None = None

    def __repr__(self) -> str:
        """The call that makes it again: it can be pasted into a test."""
        words: dict[str, Any] = dict(self.keywords)
        if self.shaped is not None:
            built = from_request(self.shaped)
            words = {"headers": list(built.headers), **({"content": built.body} if built.body else {})}
        words |= {"name": self.name} if self.name else {}
        told = ", ".join(
            [f'"{self.method}"', repr(self.url), *(f"{word}={held!r}" for word, held in words.items())]
        )
        return f"request({told})"

    def __getattr__(self, word: str) -> Any:
        """httpx's keywords, as they were given; None where one was not."""
        if word in KEYWORDS:
            return self.keywords.get(word)
        raise AttributeError(f"a request has no {word!r}; it has method, url, {', '.join(KEYWORDS)}")

    @property
    def label(self) -> str:
        """The name under which its figures are shown."""
        return self.name or f"{self.method} {self.url}"

    @property
    def differs(self) -> bool:
        """Whether no two of these requests are alike: a keyword is a function of the number."""
        return any(callable(self.keywords.get(word)) for word in MADE_BY_FUNCTION)

    def numbered(self, number: int) -> RequestDescription:
        """The request of that number (from 0). Raises what the user's function raises."""
        given = self.keywords
        made = {w: given[w](number) for w in MADE_BY_FUNCTION if callable(given.get(w))}
        return replace(self, keywords={**given, **made}) if made else self


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


def described(built: RequestShaped, name: str | None = None) -> RequestDescription:
    """The description of a request that is already built: an httpx.Request, or whatever has its shape."""
    return RequestDescription(built.method.upper(), built.url.raw_path.decode("ascii"), {}, name, built)


def description_of(given: object, what: str) -> RequestDescription:
    """A request however it is written. Raises SpecError for what is none; `what` names the place."""
    if isinstance(given, RequestDescription):
        return given
    if all(hasattr(given, name) for name in ("method", "url", "headers", "read")):
        return described(given)  # type: ignore[arg-type]
    raise SpecError(f"{what}: {given!r:.80}: this is no request; write request('GET', '/path')")


def encode(
    description: RequestDescription,
    *,
    host: str,
    expect: frozenset[int],
    keepalive: bool = True,
) -> WireRequest:
    """The bytes that ask `host` ("127.0.0.1:8000") for `description`. Raises SpecError for what HTTP cannot carry."""
    data = wire_bytes(description, encoded(description), host, keepalive)
    return WireRequest(description.label, description.method, data, expect)


def encoded(description: RequestDescription) -> Encoded:
    """Everything of a request but its server. Raises SpecError for what HTTP cannot carry."""
    try:
        return _built(description)
    except SpecError as error:
        raise SpecError(f"{description.label}: {error}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise SpecError(f"{description.label}: this is no request that can be sent: {error}") from error


def wire_bytes(description: RequestDescription, built: Encoded, host: str, keepalive: bool) -> bytes:
    """The whole request as it is sent to `host`. Raises SpecError for a header that holds a line break."""
    head = [b"%s %s HTTP/1.1" % (description.method.encode(), built.target)]
    head += [b"%s: %s" % header for header in _headers(built, host, keepalive)]
    if any(b"\r" in line or b"\n" in line or b"\0" in line for line in head):
        raise SpecError(f"{description.label}: a header holds a line break")
    return b"\r\n".join(head) + b"\r\n\r\n" + built.body


def _built(description: RequestDescription) -> Encoded:
    if description.shaped is not None:
        return from_request(description.shaped)
    words = dict(description.keywords)
    auth = words.pop("auth", None)
    if auth is None:
        return from_words(description.method, description.url, **words)
    return authorized(description.method, description.url, auth, words)


def _headers(built: Encoded, host: str, keepalive: bool) -> list[tuple[bytes, bytes]]:
    given = {name.lower() for name, _ in built.headers}
    before = [] if b"host" in given else [(b"Host", host.encode("latin-1"))]
    after = [header for header in DEFAULT_HEADERS if header[0].lower() not in given]
    closing = [] if keepalive or b"connection" in given else [(b"Connection", b"close")]
    return [*before, *built.headers, *after, *closing]
