"""Servers that listen at a Unix socket."""

from __future__ import annotations

import pytest


def test_load_goes_to_the_socket(pytester, monkeypatch):
    monkeypatch.syspath_prepend(pytester.path)
    pytester.makepyfile(
        app="""
async def asgi(scope, receive, send):
    assert scope["type"] == "http"
    body = b"%r" % (dict(scope["headers"])[b"host"],)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})
""",
        test_it="""
import socket
from pathlib import Path
import pytest
from pytest_asyncbench import uvicorn

pytestmark = pytest.mark.server(uvicorn("app:asgi", args=["--uds", "{socket}", "--lifespan", "off"]))
directories = []

def test_requests_and_flows(load, server):
    async def visit(client):
        assert (await client.get("/")).text == "b'localhost'"

    assert server.url == "http://localhost" and Path(server.socket).is_socket()
    with socket.socket() as probe:
        assert probe.connect_ex((server.host, server.port)), "somebody listens at the port"
    assert load.get("/", users=4, duration=0.3).errors == 0
    assert load.flow(visit, users=2, duration=0.3).errors == 0
    directories.append(Path(server.socket).parent)

def test_nothing_is_left():
    assert not directories[0].exists()
""",
    )
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("tmpdir", "why"),
    [
        ("", "*ServerNotReady*last seen: FileNotFoundError*"),
        ("x" * 100, "*too long for a Unix socket*TMPDIR*"),
    ],
)
def test_a_socket_that_is_never_there(pytester, monkeypatch, tmpdir, why):
    if tmpdir:
        directory = pytester.path / tmpdir
        directory.mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(directory))
    pytester.makepyfile("""
import pytest
from pytest_asyncbench import command
spec = command(["{python}", "-c", "import time; time.sleep(30)", "{socket}"], startup_timeout="500ms")

@pytest.mark.server(spec)
def test_it(load):
    load.get("/")
""")
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([why])
