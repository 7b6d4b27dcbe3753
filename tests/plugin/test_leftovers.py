"""Nothing outlives pytest: no process, no listening port, no directory, however the run ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

PATIENCE = 60.0
"""Seconds until something must have happened, on a machine that may be very busy."""

BODY = """
import json, os, pathlib

def told(**facts):
    pathlib.Path("facts.tmp").write_text(json.dumps(facts))
    os.rename("facts.tmp", "facts.json")

@pytest.mark.database(load=["schema.sql"])
@pytest.mark.server({server})
def test_it(server, database, postgres, upstream, load):
    pids = [*server.pids, *postgres.pids(), upstream.pid]
    ports = [server.port, postgres.port, upstream.port]
    told(ports=ports, pids=pids, directory=str(postgres._server.directory.path))
    load.get("/slow", users=8, duration="{duration}", warmup="200ms")
    assert {passes}
"""

GRANIAN = "many.with_options(workers=2)"
STUBBORN_SPEC = (
    "__import__('pytest_asyncbench').command(['{python}', 'stubborn.py', '{port}', '{directory}/pids'])"
)
STUBBORN = """
import http.server, os, signal, sys, time

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        time.sleep(0.02)
        self.send_response(200); self.send_header("Content-Length", "2"); self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args):
        pass

def worker(detach):
    if os.fork():
        return
    detach()
    server.serve_forever()

def session():
    os.setsid()

def daemon():
    os.setsid()
    if os.fork():
        os._exit(0)

signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
for detach in (lambda: None, session, daemon):
    worker(detach)
server.serve_forever()
"""
"""Ignores what asks it to end; its workers fork, leave the session, fork twice. All of them answer on its port."""


class Session:
    """A pytest session in a process of its own, in a project with a server, an agent, an upstream and a PostgreSQL."""

    def __init__(
        self,
        project,
        duration: str,
        passes: bool = True,
        server: str = GRANIAN,
        options: tuple[str, ...] = (),
    ) -> None:
        (project.path / "schema.sql").write_text("create table t (i int);")
        (project.path / "stubborn.py").write_text(STUBBORN)
        words = {"{duration}": duration, "{passes}": str(passes), "{server}": server}
        body = BODY
        for word, text in words.items():
            body = body.replace(word, text)
        project.write(body)
        self.path = project.path
        self.mark = f"asyncbench-test-{uuid.uuid4()}"
        self.temporary = project.path / "tmp"
        self.temporary.mkdir()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *options],
            cwd=self.path,
            env={**os.environ, "LEFTOVER_MARK": self.mark, "TMPDIR": str(self.temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def wait_until_load_runs(self) -> None:
        until(lambda: (self.path / "facts.json").exists() or self.process.poll() is not None)
        assert self.process.poll() is None, self.process.communicate()[0].decode()
        time.sleep(1.5)  # into the load: nothing tells from outside which phase it is in

    def facts(self) -> dict[str, Any]:
        return json.loads((self.path / "facts.json").read_text())

    def assert_nothing_left(self) -> None:
        facts = self.facts()
        until(lambda: not self.processes(facts["pids"]))
        until(lambda: not listening(facts["ports"]))
        until(lambda: not Path(facts["directory"]).exists() and not list(self.temporary.iterdir()))

    def processes(self, pids: list[int]) -> list[psutil.Process]:
        """Living processes that inherited our mark, or that the test named."""
        return [
            p for p in psutil.process_iter() if p.pid != os.getpid() and (p.pid in pids or self.is_marked(p))
        ]

    def is_marked(self, process: psutil.Process) -> bool:
        with suppress(psutil.Error, OSError):
            return process.environ().get("LEFTOVER_MARK") == self.mark
        return False


@pytest.fixture
def sessions() -> Iterator[list[Session]]:
    started: list[Session] = []
    yield started
    for session in started:
        if session.process.poll() is None:
            session.process.kill()
        session.process.wait()


def listening(ports: list[int]) -> list[int]:
    found = psutil.net_connections("tcp")
    return [c.laddr.port for c in found if c.status == psutil.CONN_LISTEN and c.laddr.port in ports]


def until(condition) -> None:
    """Wait for a condition, and fail when it does not come true in time."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@pytest.mark.parametrize("passes", [True, False], ids=["pass", "failure"])
def test_after_a_normal_end(project, sessions, passes):
    session = Session(project, "300ms", passes)
    sessions.append(session)
    output = session.process.communicate()[0].decode()
    assert session.process.returncode == (0 if passes else 1), output
    session.assert_nothing_left()


def test_after_ctrl_c_during_load(project, sessions):
    session = Session(project, "60s")
    sessions.append(session)
    session.wait_until_load_runs()
    session.process.send_signal(signal.SIGINT)
    output = session.process.communicate(timeout=PATIENCE)[0].decode()
    assert session.process.returncode == pytest.ExitCode.INTERRUPTED, output
    session.assert_nothing_left()


@pytest.mark.parametrize("again", [0.01, 0.1, 0.5], ids=lambda after: f"after {after} s")
def test_after_ctrl_c_twice(project, sessions, again):
    session = Session(project, "60s", server=STUBBORN_SPEC)
    sessions.append(session)
    session.wait_until_load_runs()
    session.process.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        session.process.wait(again)
    session.process.send_signal(signal.SIGINT)
    session.process.communicate(timeout=PATIENCE)
    session.assert_nothing_left()


def test_after_sigterm(project, sessions):
    session = Session(project, "60s")
    sessions.append(session)
    session.wait_until_load_runs()
    session.process.terminate()
    session.process.communicate(timeout=PATIENCE)
    assert session.process.returncode == -signal.SIGTERM
    session.assert_nothing_left()


def test_after_pytest_timeout_has_ended_pytest(project, sessions):
    """Its thread method calls os._exit: no fixture is torn down."""
    session = Session(project, "60s", options=("--timeout=6", "--timeout-method=thread"))
    sessions.append(session)
    output = session.process.communicate(timeout=PATIENCE)[0].decode()
    assert session.process.returncode == 1, output
    assert "Timeout" in output
    assert "1 failed" not in output
    session.assert_nothing_left()


@pytest.mark.parametrize("end", ["pass", "kill"])
def test_a_server_that_does_everything_to_stay(project, sessions, end):
    session = Session(project, "300ms" if end == "pass" else "60s", server=STUBBORN_SPEC)
    sessions.append(session)
    if end == "kill":
        session.wait_until_load_runs()
        assert len(session.processes(session.facts()["pids"])) > 4
        session.process.kill()
    output = session.process.communicate(timeout=PATIENCE)[0].decode()
    assert session.process.returncode == (0 if end == "pass" else -signal.SIGKILL), output
    session.assert_nothing_left()


def test_after_kill_9_during_load(project, sessions):
    session = Session(project, "60s")
    sessions.append(session)
    session.wait_until_load_runs()
    assert session.processes(session.facts()["pids"])
    session.process.kill()
    session.process.communicate(timeout=PATIENCE)
    session.assert_nothing_left()


def test_after_kill_9_at_random_moments():
    script = Path(__file__).parents[2] / "benchmarks" / "kills.py"
    done = subprocess.run(
        [sys.executable, str(script), "3"], capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "left 3 s later: 0 processes, 0 ports, 0 directories" in done.stdout
