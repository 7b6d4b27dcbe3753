"""Requests in httpx's words, and the bytes that they become."""

from __future__ import annotations

import json

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.traffic.requests import RequestDescription, encode, request

OK = frozenset({200})
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


class Parsed:
    """A request as a server reads it."""

    def __init__(self, data: bytes) -> None:
        self.url, self.headers, self.body, self.complete = b"", {}, b"", 0
        parser = httptools.HttpRequestParser(self)
        parser.feed_data(data)
        self.method = parser.get_method().decode()

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode().lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.complete += 1


def sent(
    method: str, url: str, host_header: str | None = None, keepalive: bool = True, **keywords: object
) -> Parsed:
    wire = encode(
        request(method, url, **keywords),
        host=host_header or "127.0.0.1:8000",
        expect=OK,
        keepalive=keepalive,
    )
    parsed = Parsed(wire.data)
    assert parsed.complete == 1
    assert (wire.method, wire.expect) == (parsed.method, OK)
    return parsed


def test_a_plain_request():
    parsed = sent("get", "/quote")
    assert (parsed.method, parsed.url, parsed.body) == ("GET", b"/quote", b"")
    assert parsed.headers == {"host": "127.0.0.1:8000", "accept": "*/*", "user-agent": "pytest-asyncbench"}


def test_the_words_of_httpx():
    headers = {"X-Mine": "yes", "Accept": "text/html"}
    parsed = sent("POST", "/items?a=1", json={"n": 1}, headers=headers, cookies={"c": "1"})
    assert json.loads(parsed.body) == {"n": 1}
    assert parsed.headers["content-length"] == str(len(parsed.body))
    assert parsed.headers["content-type"] == "application/json"
    assert (parsed.headers["x-mine"], parsed.headers["accept"], parsed.headers["cookie"]) == (
        "yes",
        "text/html",
        "c=1",
    )
    assert sent("GET", "/", params={"q": "a b"}).url == b"/?q=a+b"
    assert sent("PUT", "/", data={"x": "1"}).body == b"x=1"
    assert b"hello" in sent("POST", "/", files={"f": b"hello"}).body


def test_a_stream_is_read_once_and_has_a_length():
    parsed = sent("POST", "/", content=iter([b"ab", b"c"]))
    assert (parsed.body, parsed.headers["content-length"]) == (b"abc", "3")
    assert "transfer-encoding" not in parsed.headers


def test_host_and_connection():
    assert sent("GET", "/", host_header="example.com").headers["host"] == "example.com"
    assert sent("GET", "/", keepalive=False).headers["connection"] == "close"


@given(TEXT, st.dictionaries(TEXT, TEXT, max_size=3))
def test_any_path_and_parameters_make_one_request_or_are_refused(path, params):
    try:
        wire = encode(request("GET", f"/{path}", params=params), host="127.0.0.1:8000", expect=OK)
    except SpecError:
        return
    parsed = Parsed(wire.data)
    assert parsed.complete == 1
    assert parsed.url.startswith(b"/")


@given(st.binary())
def test_any_body_arrives(body):
    assert sent("POST", "/", content=body).body == body


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"method": "FETCH"}, r"request\('FETCH', '/'\): the method is one of GET, HEAD"),
        ({"method": 5}, "the method is one of GET"),
        ({"url": "quote"}, "write a path that begins with '/'; load goes to the test's own server"),
        ({"url": "http://example.com/"}, "write a path that begins with '/'"),
        ({"url": 5}, "write a path that begins with '/'"),
        ({"user": 5}, r"request\('GET', '/'\) has no keyword 'user'; it has name, params, headers"),
    ],
)
def test_what_cannot_be_meant_is_refused(words, why):
    with pytest.raises(SpecError, match=why):
        request(**{"method": "GET", "url": "/", **words})


async def _chunks():
    yield b""


@pytest.mark.parametrize(
    ("description", "host"),
    [
        (request("POST", "/", json=object()), None),
        (request("POST", "/", content=5), None),
        (request("POST", "/", content=_chunks()), None),
        (request("GET", "/", headers={"X": "a\r\nInjected: 1"}), None),
        (request("GET", "/", headers={"X": "\u20ac"}), None),
        (request("GET", "/", headers=5), None),
        (request("GET", "/"), "a\nb"),
        (request("GET", "/", name="mine", params=5), None),
        (RequestDescription("GET", "/\0"), None),
    ],
)
def test_what_http_cannot_carry_is_refused_by_name(description, host):
    with pytest.raises(SpecError, match=rf"^{description.label}: |^GET /"):
        encode(description, host=host or "127.0.0.1:8000", expect=OK)


def test_labels():
    assert request("get", "/a").label == "GET /a"
    assert request("get", "/a", name="mine").label == "mine"
