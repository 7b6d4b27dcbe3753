"""The upstream takes its time, never less, counts exactly, and leaves nothing."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterator

import httpx
import psutil
import pytest

from pytest_asyncbench.errors import PortInUse, ProcessError
from pytest_asyncbench.servers import ports
from pytest_asyncbench.upstream.client import Upstream


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream.start() as started:
        yield started


def raw(upstream: Upstream, text: str) -> bytes:
    """What comes back on one connection, until the upstream closes it."""
    with socket.create_connection(("127.0.0.1", upstream.port), timeout=20) as connection:
        connection.sendall(text.replace("\n", "\r\n").encode())
        with connection.makefile("rb") as file:
            return file.read()


@pytest.mark.parametrize("path", ["/40/", "/40", "/40/?page=2", "/40.0/"])
def test_it_answers_after_its_time(upstream, path):
    began = time.monotonic()
    answer = httpx.get(upstream.url + path)
    assert time.monotonic() - began >= 0.040
    assert answer.status_code == 200
    assert answer.json() == {"ms": 40}


def test_it_never_answers_too_early(upstream):
    with httpx.Client(base_url=upstream.url) as client:
        for ms in (1, 2, 3, 5, 8, 13, 0.5) * 5:
            began = time.monotonic()
            client.get(f"/{ms}/")
            assert time.monotonic() - began >= ms / 1000


def test_every_method_and_body(upstream):
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
        assert httpx.request(method, f"{upstream.url}/1/", content=b"x" * 200_000).json() == {"ms": 1}
    head = httpx.head(f"{upstream.url}/1/")
    assert (head.status_code, head.headers["content-length"], head.content) == (200, "9", b"")
    assert upstream.requests == 6


def test_what_it_does_not_know_is_404_and_counted(upstream):
    for path in ("/", "/fast/", "/-1/", "/1/2/"):
        answer = httpx.get(upstream.url + path)
        assert (answer.status_code, answer.text) == (
            404,
            "write /<ms>/: the answer comes after so many milliseconds",
        )
    assert upstream.requests == 4


def test_what_is_not_http_is_refused_and_not_counted(upstream):
    assert raw(upstream, "hello\n\n").startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert upstream.requests == 0


def test_an_upgrade_is_answered_in_http_1(upstream):
    text = "GET /1/ HTTP/1.1\nHost: x\nConnection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAA\n\n"
    with socket.create_connection(("127.0.0.1", upstream.port), timeout=20) as connection:
        connection.sendall(text.replace("\n", "\r\n").encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")
    assert upstream.requests == 1


def test_pipelined_requests_are_answered_in_their_order(upstream):
    last = "GET /2/ HTTP/1.1\nHost: x\nConnection: close\n\n"
    answers = raw(upstream, "GET /60/ HTTP/1.1\nHost: x\n\nGET /0/ HTTP/1.1\nHost: x\n\n" + last)
    assert [part.split(b"}")[0] for part in answers.split(b'{"ms": ')[1:]] == [b"60", b"0", b"2"]
    assert upstream.requests == 3


@pytest.mark.parametrize("text", ["GET /1/ HTTP/1.0\n\n", "GET /1/ HTTP/1.1\nHost: x\nConnection: close\n\n"])
def test_a_connection_is_closed_where_it_is_asked_for(upstream, text):
    assert raw(upstream, text).endswith(b'{"ms": 1}')


def test_a_client_that_has_gone_is_no_harm(upstream):
    with socket.create_connection(("127.0.0.1", upstream.port)) as connection:
        connection.sendall(b"GET /30/ HTTP/1.1\r\nHost: x\r\n\r\n")
        while upstream.requests < 1:
            time.sleep(0.001)
    assert httpx.get(f"{upstream.url}/60/").json() == {"ms": 60}
    assert upstream.requests == 2


def test_many_wait_side_by_side_and_are_counted(upstream):
    async def all_of_them() -> list[int]:
        limits = httpx.Limits(max_connections=200)
        async with httpx.AsyncClient(base_url=upstream.url, limits=limits, timeout=60) as client:
            answers = await asyncio.gather(*(client.get("/300/") for _ in range(200)))
        return [answer.status_code for answer in answers]

    began = time.monotonic()
    assert asyncio.run(all_of_them()) == [200] * 200
    took = time.monotonic() - began
    assert took >= 0.3
    assert took < 20, "60 s one after the other"
    assert upstream.requests == 200


def test_the_count_is_of_the_test_that_runs_and_includes_what_waits(upstream):
    httpx.get(f"{upstream.url}/0/")
    assert (upstream.requests, upstream.requests) == (1, 1)
    upstream.reset()
    assert upstream.requests == 0
    client = http.client.HTTPConnection("127.0.0.1", upstream.port)
    with contextlib.closing(client):
        client.request("GET", "/60000/")
        while upstream.requests < 1:
            time.sleep(0.001)
    assert upstream.requests == 1


def test_several_threads_may_ask_for_the_count(upstream):
    seen: list[int] = []
    threads = [
        threading.Thread(target=lambda: seen.extend(upstream.requests for _ in range(50))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [0] * 200


def test_a_fixed_port():
    port = ports.free_port()
    with Upstream.start(port) as upstream:
        assert upstream.url == f"http://127.0.0.1:{port}"
        assert httpx.get(f"{upstream.url}/0/").status_code == 200
        with pytest.raises(PortInUse, match=f"port {port} is in use"):
            Upstream.start(port)
    with Upstream.start(port) as again:
        assert again.requests == 0


def test_nothing_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    upstream = Upstream.start()
    assert httpx.get(f"{upstream.url}/0/").status_code == 200
    assert [path.name[:20] for path in tmp_path.iterdir()] == ["asyncbench-upstream-"]
    assert repr(upstream) == f"<upstream at {upstream.url}, pid {upstream.pid}>"
    upstream.close()
    upstream.close()
    assert not psutil.pid_exists(upstream.pid)
    ports.require_free(upstream.port)
    assert list(tmp_path.iterdir()) == []


def test_a_lost_upstream_is_said_where_it_is_used(upstream):
    os.kill(upstream.pid, signal.SIGKILL)
    upstream._process.wait(20)
    upstream.reset()
    with pytest.raises(ProcessError, match=r"the upstream \(pid \d+\) was lost: "):
        _ = upstream.requests
