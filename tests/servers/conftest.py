"""Real servers: launched for a test, and proved to be gone after it."""

from __future__ import annotations

import json
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from pytest_asyncbench import directories
from pytest_asyncbench.servers import ports
from pytest_asyncbench.servers.factories import command
from pytest_asyncbench.servers.instance import Instance, Launch, start
from pytest_asyncbench.servers.spec import ServerSpec

ECHO = Path(__file__).with_name("echo.py")

APP = """
def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello from wsgi"]

async def asgi(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello from asgi"})
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The directory that servers run in, with a module `tiny`."""
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "tiny.py").write_text(APP)
    return tmp_path / "root"


@pytest.fixture(autouse=True)
def nothing_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test does, no process and no directory of its servers is left."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    directories.hire_janitor()  # it stays as long as we do
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    yield
    after = psutil.Process().children(recursive=True)
    assert [process for process in after if process.pid not in before] == []
    assert list(temporary.iterdir()) == []


@pytest.fixture
def launch(root: Path) -> Iterator[Callable[..., Instance]]:
    """Starts a server of a spec, and stops it at the end."""
    running: list[Instance] = []

    def launched(spec: ServerSpec, variant: str = "server", **words: Any) -> Instance:
        running.append(start(Launch(spec, variant, root, **words)))
        return running[-1]

    yield launched
    for instance in running:
        instance.stop()


@pytest.fixture
def echo() -> Callable[..., ServerSpec]:
    """Makes a spec of `echo.py`."""

    def spec(*args: str, **words: Any) -> ServerSpec:
        return command(["{python}", str(ECHO), "{port}", *args], **words)

    return spec


@pytest.fixture
def tell() -> Callable[[Instance], dict[str, Any]]:
    """What an echo server knows of itself."""

    def told(instance: Instance) -> dict[str, Any]:
        with urllib.request.urlopen(instance.url, timeout=10) as answer:
            known: dict[str, Any] = json.load(answer)
        return known

    return told


@pytest.fixture
def get() -> Callable[[str], bytes]:
    """The body of the answer to a GET."""

    def got(url: str) -> bytes:
        with urllib.request.urlopen(url, timeout=10) as answer:
            body: bytes = answer.read()
        return body

    return got


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that somebody (this process) listens on, and shares with whoever asks for it."""
    import socket

    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind((ports.HOST, 0))
        holder.listen()
        yield holder.getsockname()[1]
