"""The fan-out app answers the same on every server of its tests, and makes its calls side by side."""

from __future__ import annotations

import importlib
import json
import ssl
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pytest_asyncbench.postgres import Cluster, provide
from pytest_asyncbench.servers.instance import Launch, start_all
from pytest_asyncbench.servers.spec import ServerSpec

APPS = Path(__file__).resolve().parents[2] / "example_apps"
PATIENCE = 60
CALLS = 3


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(APPS)


class Meeting(BaseHTTPRequestHandler):
    """An upstream without a clock: of the calls of /fanout none is answered before all three are there."""

    barrier = threading.Barrier(CALLS)

    def do_GET(self) -> None:
        ms = int(self.path.split("/")[1])
        if "about" not in self.path:  # which is the one call of /mixed
            self.barrier.wait(PATIENCE)
        body = json.dumps({"ms": ms}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Write nothing."""


@pytest.fixture
def meeting() -> Iterator[str]:
    """Address of an upstream that answers only calls that are made side by side."""
    Meeting.barrier.reset()
    with ThreadingHTTPServer(("127.0.0.1", 0), Meeting) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def database() -> Iterator[dict[str, str]]:
    """Environment of a database with the app's table."""
    cluster: Cluster = provide("auto", "fast", {})
    try:
        made = cluster.database(name_hint="fanout")
        with made.connect() as connection:
            connection.execute((APPS / "fanout" / "schema.sql").read_text())
        yield made.environment()
    finally:
        cluster.close()


def test_all_deployments_answer_alike(meeting: str, database: dict[str, str]) -> None:
    from fanout import deployments

    specs = {name: spec for name, spec in vars(deployments).items() if isinstance(spec, ServerSpec)}
    launches = [
        Launch(
            spec.with_options(startup_timeout=180),
            name,
            APPS,
            database=database,
            placeholders={"upstream.url": meeting},
        )
        for name, spec in specs.items()
    ]
    instances = start_all(launches)
    try:
        answers = {instance.variant: [ask(instance.url, path) for path in EXPECTED] for instance in instances}
    finally:
        for instance in instances:
            instance.request_stop()
        for instance in instances:
            instance.stop()
    assert answers == {name: list(EXPECTED.values()) for name in specs}


EXPECTED = {
    "/health": {"ok": True},
    "/fanout": {"waited": [300, 600, 150]},
    "/fanout/60": {"waited": [30, 60, 15]},
    "/mixed": {"country": "Chile", "waited": [150]},
    "/report": {"report": "done"},
    "/compute": {"number": 26623, "steps": 307},
}


def ask(url: str, path: str) -> Any:
    with urllib.request.urlopen(url + path, timeout=PATIENCE) as answer:
        return json.load(answer)


@pytest.mark.parametrize(("choice", "contexts"), [("once", 1), ("request", 3)])
def test_tls_contexts_are_built_once_or_for_every_client(
    monkeypatch: pytest.MonkeyPatch, choice: str, contexts: int
) -> None:
    read = []
    load: Callable[..., None] = ssl.SSLContext.load_verify_locations

    def counted(self: ssl.SSLContext, *words: Any, **more: Any) -> None:
        read.append(self)
        load(self, *words, **more)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", counted)
    monkeypatch.setenv("TLS_CONTEXT", choice)
    sys.modules.pop("fanout.upstream", None)
    upstream = importlib.import_module("fanout.upstream")
    for _ in range(3):
        upstream.client().close()
    assert len(read) == contexts
