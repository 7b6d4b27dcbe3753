"""Kills pytest with SIGKILL at random moments of a run, and counts what is left three seconds later.

    python benchmarks/kills.py 100 [--seed 1] [--side-by-side 3]

Each run has two servers, one of which ignores SIGTERM and forks out of its session, a PostgreSQL with a loaded
template, an upstream and load. The moments are spread over the whole run: imports, starting, loading, measuring,
stopping. Prints a line for every run that left something, and the count; exits with 1 if there was anything.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

WAIT = 3.0
"""Seconds between the kill and the look."""
STUBBORN = """
import http.server, os, signal, sys

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args):
        pass

signal.signal(signal.SIGTERM, signal.SIG_IGN)
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
server.serve_forever()
"""
TESTS = """
import pytest
from pytest_asyncbench import command, granian

hello = granian("app:wsgi", interface="wsgi", workers=2, threads=4, env={"API": "{upstream.url}"})
stubborn = command(["{python}", "stubborn.py", "{port}"])

@pytest.mark.database(load=["schema.sql"])
@pytest.mark.variants(hello=hello, stubborn=stubborn)
def test_it(load, database):
    load.get("/", users=4, duration="500ms", warmup="200ms")
"""
APP = """
def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""


@dataclass(frozen=True, slots=True)
class Left:
    """What a killed run left."""

    after: float
    processes: tuple[str, ...]
    ports: tuple[int, ...]
    directories: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.processes or self.ports or self.directories)


def write_project(path: Path) -> None:
    """A suite that starts everything there is."""
    (path / "app.py").write_text(APP)
    (path / "stubborn.py").write_text(STUBBORN)
    (path / "schema.sql").write_text("create table t (i int); insert into t select generate_series(1, 1000);")
    (path / "test_it.py").write_text(TESTS)
    (path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")


def start(path: Path, mark: str) -> subprocess.Popen[bytes]:
    """A run of the suite, whose processes carry a mark in their environment."""
    (path / "tmp").mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=path,
        env={**os.environ, "KILLS_MARK": mark, "TMPDIR": str(path / "tmp")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def marked(mark: str) -> list[psutil.Process]:
    """Living processes of a run."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get("KILLS_MARK") == mark or mark in process.cwd():
                found.append(process)
    return found


def ports_of(processes: list[psutil.Process]) -> set[int]:
    """Ports on which these processes listen."""
    pids = {process.pid for process in processes}
    connections = psutil.net_connections("tcp")
    return {c.laddr.port for c in connections if c.status == psutil.CONN_LISTEN and c.pid in pids}


def kill_once(after: float) -> Left:
    """Start a run, kill it after so many seconds, and look three seconds later."""
    mark = f"kills-{uuid.uuid4()}"
    path = Path(tempfile.mkdtemp(prefix=mark, dir="/var/tmp"))
    path.chmod(0o755)  # PostgreSQL runs as another user where we are root
    try:
        write_project(path)
        run = start(path, mark)
        (path / "tmp").chmod(0o1777)
        time.sleep(after)
        seen = marked(mark)
        ports = ports_of(seen)
        run.kill()
        run.wait()
        time.sleep(WAIT)
        left = {process.pid: process for process in [*marked(mark), *(p for p in seen if p.is_running())]}
        listening = {c.laddr.port for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN}
        return Left(
            after,
            tuple(" ".join(_command_line(process)) for process in left.values()),
            tuple(sorted(ports & listening)),
            tuple(sorted(entry.name for entry in (path / "tmp").iterdir())),
        )
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _command_line(process: psutil.Process) -> list[str]:
    with suppress(psutil.Error):
        return process.cmdline() or [process.name()]
    return [str(process.pid)]


def whole_run() -> float:
    """Seconds that a run takes when nobody kills it. Raises RuntimeError if it does not pass."""
    with tempfile.TemporaryDirectory(prefix="kills-", dir="/var/tmp") as directory:
        path = Path(directory)
        path.chmod(0o755)
        write_project(path)
        began = time.monotonic()
        if code := start(path, "whole").wait():
            raise RuntimeError(f"the suite itself does not pass: exit code {code}")
        return time.monotonic() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("times", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--side-by-side", type=int, default=2, help="runs at once")
    given = parser.parse_args()
    longest = whole_run()
    coin = random.Random(given.seed)
    moments = [coin.uniform(0.0, longest) for _ in range(given.times)]
    with ThreadPoolExecutor(given.side_by_side) as pool:
        found = list(pool.map(kill_once, moments))
    out = sys.stdout.write
    for left in filter(None, found):
        out(f"killed after {left.after:.2f} s: {left.processes} {left.ports} {left.directories}\n")
    out(
        f"killed {given.times} times within {longest:.1f} s; left {WAIT:g} s later: "
        f"{sum(len(left.processes) for left in found)} processes, {sum(len(left.ports) for left in found)} ports, "
        f"{sum(len(left.directories) for left in found)} directories\n"
    )
    return 1 if any(found) else 0


if __name__ == "__main__":
    raise SystemExit(main())
