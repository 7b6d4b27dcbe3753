"""A server that runs already: reached, asked, left alone."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from pytest_asyncbench.errors import ServerNotReady
from pytest_asyncbench.servers.factories import external
from pytest_asyncbench.servers.instance import Launch, start
from pytest_asyncbench.servers.ports import free_port


class Answer(BaseHTTPRequestHandler):
    """204 for /ready, 503 for anything else; remembers the Host."""

    hosts: list[str] = []  # noqa: RUF012

    def do_GET(self) -> None:
        self.hosts.append(str(self.headers["Host"]))
        self.send_response(204 if self.path == "/ready" else 503)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Nothing on standard error."""


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        Answer.hosts.clear()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_it_is_reached_by_name_and_left_running(port, root):
    spec = external(f"http://localhost:{port}/", ready="/ready")
    for _ in range(2):
        instance = start(Launch(spec, "live", root))
        assert instance.url == f"http://localhost:{port}"
        assert (instance.host, instance.port) in [("127.0.0.1", port), ("::1", port)]
        assert (instance.pid, instance.pids, instance.log, instance.died()) == (None, [], "", None)
        instance.request_stop()
        instance.stop()
    assert set(Answer.hosts) == {f"localhost:{port}"}


@pytest.mark.parametrize(("ready", "path"), [("any", "/"), (None, None), ("/ready", "/ready")])
def test_how_it_is_asked(port, root, ready, path):
    words = {} if ready == "any" else {"ready": ready}
    start(Launch(external(f"http://127.0.0.1:{port}", host_header="shop.example", **words), "live", root))
    assert Answer.hosts == ([] if path is None else ["shop.example"])


@pytest.mark.parametrize(
    ("url", "words", "why"),
    [
        (
            "http://127.0.0.1:{free}",
            {},
            "asked for /, last seen: ConnectionRefusedError: .*\n.*it is not started here",
        ),
        ("http://127.0.0.1:{free}", {"ready": None}, "last seen: .*refused"),
        ("http://127.0.0.1:{port}", {"ready": "/health"}, "last seen: GET /health answered 503"),
        ("http://no-such-host.invalid", {}, "no-such-host.invalid has no address"),
        ("https://127.0.0.1:{port}", {}, "last seen: .*SSL"),
    ],
)
def test_a_server_that_is_not_there_is_told_with_what_was_seen(port, root, url, words, why):
    spec = external(url.format(port=port, free=free_port()), startup_timeout=0.3, **words)
    with pytest.raises(ServerNotReady, match=why):
        start(Launch(spec, "live", root))
