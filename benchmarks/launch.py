"""What starting a server through this package costs beside the program's own start: wall time to the first answer.

    python benchmarks/launch.py [STARTS]

Starts a trivial app under every program, in turn: by the command line alone, asked in a tight loop until it answers,
and by a spec, to the first answer of the running instance. Prints in milliseconds the minima of both and their
difference, which may be 100 ms at most, and the median of the differences from start to start: on a busy machine the
minima are the truer ones.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pytest_asyncbench.servers import environment, ports
from pytest_asyncbench.servers.factories import daphne, granian, gunicorn, hypercorn, uvicorn, uwsgi
from pytest_asyncbench.servers.instance import Launch, command_line, start
from pytest_asyncbench.servers.spec import ServerSpec

APP = """
def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]

async def asgi(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})
"""
SPECS = (
    granian("tiny:wsgi", interface="wsgi", threads=4),
    granian("tiny:asgi", interface="asgi"),
    gunicorn("tiny:wsgi"),
    gunicorn("tiny:wsgi", threads=4),
    gunicorn("tiny:wsgi", greenlets=20),
    gunicorn("tiny:asgi", worker_class="asgi"),
    uvicorn("tiny:asgi"),
    uwsgi("tiny:wsgi", threads=4),
    hypercorn("tiny:asgi"),
    daphne("tiny:asgi"),
)


def answers(port: int) -> bool:
    """Whether a GET is answered now."""
    connection = http.client.HTTPConnection(ports.HOST, port, timeout=10)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    return False


def alone(spec: ServerSpec, root: Path) -> float:
    """Milliseconds from the program's start by its command line to its first answer."""
    port = ports.free_port()
    env, _ = environment.clean(os.environ)
    command = command_line(spec, sys.executable, port, env, str(root))
    with (root / "log").open("w") as log:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=root, env=env, stdout=log, stderr=log, start_new_session=True)
        while not answers(port):
            if process.poll() is not None:
                raise SystemExit(f"{spec.label()} exited with {process.returncode}")
            time.sleep(0.001)
        took = time.perf_counter() - began
        process.terminate()
        process.wait()
    return 1000 * took


def by_spec(spec: ServerSpec, root: Path) -> float:
    """Milliseconds from `start` to the first answer that would count."""
    began = time.perf_counter()
    instance = start(Launch(spec, "server", root))
    answered = answers(instance.port)
    took = time.perf_counter() - began
    instance.stop()
    if not answered:
        raise SystemExit(f"{spec.label()} did not answer")
    return 1000 * took


def compared(spec: ServerSpec, root: Path, starts: int) -> str:
    """Both ways in turn, and in words what came of it; which way is first changes from start to start."""
    ways: list[Callable[[ServerSpec, Path], float]] = [alone, by_spec]
    pairs = []
    for _ in range(starts):
        took = {way: way(spec, root) for way in ways}
        pairs.append((took[alone], took[by_spec]))
        ways.reverse()
    program, ours = (min(times) for times in zip(*pairs, strict=True))
    typical = statistics.median(second - first for first, second in pairs)
    return (
        f"alone {program:5.0f}  by spec {ours:5.0f}  cost {ours - program:5.0f} ms (minima)"
        f"  {typical:5.0f} ms (median of {starts} differences)"
    )


def main() -> None:
    starts = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "tiny.py").write_text(APP)
        for spec in SPECS:
            sys.stdout.write(f"{spec.label():30} {compared(spec, root, starts)}\n")


if __name__ == "__main__":
    main()
