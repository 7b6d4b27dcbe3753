"""Every program in every mode: answers, by the workers asked for, connections as its spec says, and nothing left."""

from __future__ import annotations

import shutil
import socket
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from pytest_asyncbench.errors import ServerNotReady
from pytest_asyncbench.servers import ports
from pytest_asyncbench.servers.factories import daphne, granian, gunicorn, hypercorn, uvicorn, uwsgi
from pytest_asyncbench.servers.instance import Instance, Launch, start

LIMIT = 30.0
"""Seconds in which every worker must have answered: the kernel chooses who accepts, and some start late."""

WSGI = [
    gunicorn("matrix_app:wsgi", workers=2),
    gunicorn("matrix_app:wsgi", worker_class="gthread", workers=2, threads=4),
    gunicorn("matrix_app:wsgi", worker_class="gevent", workers=2, greenlets=20),
    granian("matrix_app:wsgi", interface="wsgi", workers=2, threads=4),
    hypercorn("matrix_app:wsgi", interface="wsgi", workers=2),
    uwsgi("matrix_app:wsgi", workers=2),
    uwsgi("matrix_app:wsgi", workers=2, threads=4, http="http11-socket"),
    uwsgi("matrix_app:wsgi", workers=2, threads=4, http="http"),
    uwsgi("matrix_app:wsgi", workers=2, greenlets=20),
    uwsgi("matrix_app:wsgi", workers=2, greenlets=20, http="http-keepalive"),
]
ASGI = [
    uvicorn("matrix_app:asgi", workers=2),
    uvicorn("matrix_app:asgi", workers=2, loop="uvloop", http="httptools"),
    uvicorn("matrix_app:asgi", loop="asyncio", http="h11"),
    gunicorn("matrix_app:asgi", worker_class="asgi", workers=2),
    gunicorn("matrix_app:asgi", worker_class="asgi", workers=2, loop="asyncio", http="python"),
    gunicorn("matrix_app:asgi", worker_class="uvicorn_worker.UvicornWorker", workers=2),
    gunicorn("matrix_app:asgi", worker_class="uvicorn.workers.UvicornWorker", workers=2),
    granian("matrix_app:asgi", interface="asgi", workers=2),
    hypercorn("matrix_app:asgi", workers=2),
    hypercorn("matrix_app:asgi", workers=2, loop="uvloop"),
]
DAPHNE = daphne("matrix_app:asgi")
FASTAPI = [spec.with_options(app="matrix_app:fastapi", ready="/pid") for spec in ASGI]


def label(spec):
    return f"{spec.label()}-{spec.app.partition(':')[2]}"


@pytest.fixture(autouse=True)
def app(root: Path) -> None:
    shutil.copy(Path(__file__).with_name("matrix_app.py"), root)


def get(instance: Instance, path: str) -> int:
    """The pid that answers a new connection."""
    with urllib.request.urlopen(instance.url + path, timeout=10) as answer:
        return int(answer.read())


def keeps_connections(instance: Instance) -> bool:
    """Whether a connection is still open a moment after the answer on it was read."""
    with socket.create_connection((instance.host, instance.port), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = b""
        while not received.partition(b"\r\n\r\n")[2]:
            received += connection.recv(4096)
        connection.settimeout(1)
        try:
            while connection.recv(4096):
                pass
        except TimeoutError:
            return True
        return False


@pytest.mark.parametrize("spec", [*WSGI, *ASGI, DAPHNE, *FASTAPI], ids=label)
def test_a_server_does_what_its_spec_says_and_leaves_nothing(spec, root):
    instance = start(Launch(spec, "server", root))
    try:
        path = "/" if spec.ready != "/pid" else "/pid"
        workers, limit = set(), time.monotonic() + LIMIT
        while len(workers) < spec.settled().workers and time.monotonic() < limit:
            workers.add(get(instance, path))
        assert len(workers) == spec.settled().workers
        processes = instance.pids
        assert workers <= set(processes)
        assert keeps_connections(instance) is spec.keepalive
    finally:
        instance.stop()
    assert [pid for pid in processes if psutil.pid_exists(pid)] == []
    ports.require_free(instance.port)


def test_an_app_that_opens_its_pool_in_lifespan_is_refused_under_daphne(root):
    spec = DAPHNE.with_options(app="matrix_app:fastapi", ready="/pid", startup_timeout=5)
    with pytest.raises(ServerNotReady, match="GET /pid answered 500") as raised:
        start(Launch(spec, "server", root))
    assert "Daphne has no lifespan" in str(raised.value)
