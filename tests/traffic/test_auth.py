"""What becomes of httpx's auth."""

from __future__ import annotations

import httpx
import pytest

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.traffic.requests import encode, request


def head_of(auth, **words):
    made = encode(request("POST", "/x", auth=auth, **words), host="h:1", expect=frozenset({200}))
    return made.data.split(b"\r\n\r\n")[0].lower().split(b"\r\n")


def test_basic_is_what_httpx_sends():
    theirs = httpx.BasicAuth("käthe", "s:ecret")._auth_header.encode()
    for auth in [("käthe", "s:ecret"), ("käthe".encode(), b"s:ecret"), httpx.BasicAuth("käthe", "s:ecret")]:
        head = head_of(auth, json={"n": 1}, headers={"Authorization": "old", "X-Mine": "1"})
        assert b"authorization: " + theirs.lower() in head
        assert len([line for line in head if line.startswith(b"authorization")]) == 1
        assert b"x-mine: 1" in head
        assert b"content-length: 7" in head


def test_a_one_step_flow_and_a_function():
    class Token(httpx.Auth):
        def auth_flow(self, request):
            request.headers["X-Token"] = f"{len(request.content)}"
            yield request

    def sign(request):
        request.headers["X-Sign"] = "yes"
        return request

    assert b"x-token: 2" in head_of(Token(), content=b"ab")
    assert b"x-sign: yes" in head_of(sign)


class Refreshing(httpx.Auth):
    def auth_flow(self, request):
        response = yield request
        if response.status_code == 401:
            yield request


class Reading(httpx.Auth):
    requires_response_body = True


class Awaiting(httpx.Auth):
    async def async_auth_flow(self, request):
        yield request


@pytest.mark.parametrize("auth", [httpx.DigestAuth("a", "b"), Refreshing(), Reading(), Awaiting()])
def test_more_than_one_step_is_refused_with_what_to_do(auth):
    with pytest.raises(SpecError, match=r"^POST /x: .*log in once with httpx"):
        head_of(auth)


@pytest.mark.parametrize("auth", [("a",), ("a", 5), 5, "token"])
def test_what_is_no_auth(auth):
    with pytest.raises(SpecError, match=r"^POST /x: auth"):
        head_of(auth)
