"""Looks at answers, against real servers of every framing."""

from __future__ import annotations

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pytest_asyncbench.measure.probe import LOOKS, look
from pytest_asyncbench.traffic.expect import Expecting, ExpectJson
from pytest_asyncbench.traffic.plan import Target
from pytest_asyncbench.traffic.requests import encode, request

BODY = json.dumps({"items": [{"name": "a"}], "total": 1}).encode()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.protocol_version = "HTTP/1.0" if self.path == "/old" else "HTTP/1.1"
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY))
            return
        if self.path == "/old":
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(BODY)

    do_HEAD = do_GET  # noqa: N815 - as the base class names it

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def target():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield Target("127.0.0.1", server.server_address[1])
    server.shutdown()
    thread.join()
    server.server_close()


def wire(path: str, method: str = "GET", keepalive: bool = True):
    return encode(request(method, path), host="h", expect=frozenset({200}), keepalive=keepalive)


@pytest.mark.parametrize("path", ["/length", "/chunked", "/old"])
@pytest.mark.parametrize("keepalive", [True, False])
def test_every_framing(target, path, keepalive):
    found = look(target, [wire(path, keepalive=keepalive)], None, 30.0)
    assert (found.number, found.ok) == (LOOKS, LOOKS)
    assert (dict(found.statuses), dict(found.types)) == ({200: LOOKS}, {"application/json": LOOKS})
    assert set(found.lengths) == {len(BODY)}
    assert found.paths["items[].name: text"] == LOOKS


def test_no_body(target):
    found = look(target, [wire("/", "HEAD")], None, 30.0)
    assert (found.number, set(found.lengths), dict(found.paths)) == (LOOKS, {0}, {})


def test_what_is_ok_is_what_the_test_expects(target):
    assert look(target, [wire("/missing")], None, 30.0).ok == 0
    assert look(target, [wire("/"), wire("/missing")], None, 30.0).ok == LOOKS / 2
    rule = Expecting(ExpectJson({"total": 2}, frozenset({200})))
    assert look(target, [wire("/")], rule, 30.0).ok == 0


def test_nobody_there():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        assert look(Target("127.0.0.1", probe.getsockname()[1]), [wire("/")], None, 1.0).number == 0


def test_it_ends_when_told_to(target):
    answers = iter([False, False, True])
    assert look(target, [wire("/")], None, 30.0, lambda: next(answers)).number == 3
