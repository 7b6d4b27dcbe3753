"""httpx's words for a request, turned into what is sent: target, headers, body.

Not by httpx itself: it depends on anyio, whose pytest plugin would cost every pytest start of every user 20 ms. The
tests hold this module to httpx's own bytes. What is rare (`files`) is still built by httpx, where it is installed.
"""

from __future__ import annotations

import json as jsonlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from pytest_asyncbench.errors import SpecError

Headers = tuple[tuple[bytes, bytes], ...]

PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
# The percent-encode sets of https://url.spec.whatwg.org/#percent-encoded-bytes
QUERY_SAFE = "".join(c for c in PRINTABLE if c not in '"#<>')
PATH_SAFE = "".join(c for c in QUERY_SAFE if c not in "?`{}")

WITH_BODY = ("POST", "PUT", "PATCH")
"""Methods that state a length even without a body (RFC 9110, 8.6)."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A request without its server: request target, headers but Host, body."""

    target: bytes
    headers: Headers
    body: bytes


class RequestShaped(Protocol):
    """What httpx.Request, and whatever has its shape, looks like."""

    method: str
    url: Any
    headers: Any

    def read(self) -> bytes: ...


def from_words(
    method: str,
    url: str,
    *,
    params: Any = None,
    headers: Any = None,
    cookies: Any = None,
    content: Any = None,
    data: Any = None,
    files: Any = None,
    json: Any = None,
) -> Encoded:
    """Encode httpx's keywords as httpx does. Raises TypeError or ValueError for what HTTP cannot carry."""
    if files:
        words = {"params": params, "headers": headers, "cookies": cookies, "data": data, "files": files}
        return from_request(built_by_httpx(method, url, words, "files are encoded by httpx"))
    kind, body = _body(content, data, json)
    given = _header_pairs(headers)
    names = {name.lower() for name, _ in given}
    own = [("Cookie", _cookies(cookies))] if cookies else []
    own += [("Content-Length", str(len(body)))] if body or method in WITH_BODY else []
    own += [("Content-Type", kind)] if kind else []
    pairs = [*given, *(pair for pair in own if pair[0].lower() not in names)]
    return Encoded(_target(url, params), tuple(_wire(*pair) for pair in pairs), body)


def from_request(request: RequestShaped) -> Encoded:
    """Encode a request that is already built. Its Host is replaced by that of the server under load."""
    body = request.read()
    unwanted = (b"host", b"transfer-encoding", b"content-length")
    headers = tuple((name, value) for name, value in request.headers.raw if name.lower() not in unwanted)
    if body or request.method in WITH_BODY:
        headers += ((b"Content-Length", str(len(body)).encode()),)
    return Encoded(request.url.raw_path, headers, body)


def built_by_httpx(method: str, url: str, words: Mapping[str, Any], why: str) -> Any:
    """An httpx.Request to no particular server. Raises SpecError, which begins with `why`, without httpx."""
    try:
        import httpx
    except ImportError:
        raise SpecError(f"{why}, which is not installed: pip install httpx") from None
    return httpx.Request(method, f"http://localhost{url}", **words)


def _target(url: str, params: Any) -> bytes:
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in url):
        raise ValueError("a path holds a control character")
    path, mark, query = url.partition("#")[0].partition("?")
    if params is not None:
        query = urlencode(_pairs(params))
        mark = "?" if query else ""
    return (quote(path, safe=PATH_SAFE) + mark + quote(query, safe=QUERY_SAFE)).encode("ascii")


def _body(content: Any, data: Any, json: Any) -> tuple[str, bytes]:
    """Content type ("" without one) and body."""
    if content is not None:
        return "", _bytes(content)
    if data:
        return "application/x-www-form-urlencoded", urlencode(_pairs(data)).encode()
    if json is not None:
        text = jsonlib.dumps(json, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return "application/json", text.encode()
    return "", b""


def _bytes(content: object) -> bytes:
    if isinstance(content, str):
        return content.encode()
    if isinstance(content, bytes | bytearray | memoryview):
        return bytes(content)
    if isinstance(content, Iterable):
        return b"".join(content)
    raise TypeError(f"content is bytes, text, or an iterable of bytes, not {type(content).__name__}")


def _pairs(words: Any) -> list[tuple[str, str]]:
    """Names and values of a query or a form: a mapping, whose values may be lists, or a sequence of pairs."""
    items = words.items() if isinstance(words, Mapping) else words
    return [
        (str(name), _text(value))
        for name, values in items
        for value in (values if isinstance(values, list | tuple) else [values])
    ]


def _text(value: object) -> str:
    """As JSON writes it, but for None, which is empty."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _cookies(cookies: Any) -> str:
    items = cookies.items() if isinstance(cookies, Mapping) else cookies
    return "; ".join(f"{name}={value}" for name, value in items)


def _header_pairs(headers: Any) -> list[tuple[str, str]]:
    items = (headers.items() if isinstance(headers, Mapping) else headers) if headers is not None else ()
    return [(_header_text(name), _header_text(value)) for name, value in items]


def _header_text(text: str | bytes) -> str:
    return text.decode("latin-1") if isinstance(text, bytes) else text


def _wire(name: str, value: str) -> tuple[bytes, bytes]:
    return name.encode("ascii"), value.encode("latin-1")
