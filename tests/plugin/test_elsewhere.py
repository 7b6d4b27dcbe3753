"""A server on another host: what is not on this machine is unknown, and the network in between is measured."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

DELAY = 0.005
"""Seconds that a packet takes each way."""
ROUND_TRIP = 2 * DELAY
SERVER = """
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *arguments):
        pass

ThreadingHTTPServer((sys.argv[1], 8000), Answer).serve_forever()
"""


WIRE = Path(__file__).with_name("slow_wire.py")


def tried(*argv: str) -> str:
    """Run a command; what it says if it fails."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return f"{' '.join(argv)}: {done.stderr.strip()}" if done.returncode else ""


@contextmanager
def network(here: str, there: str) -> Iterator[list[str]]:
    """A network of its own at the other end of a slow wire; gives the words before a command that runs in it."""
    name, ours, theirs = (f"{what}{os.getpid()}" for what in ("asyncbench-", "abo", "abt"))
    inside = ["ip", "netns", "exec", name]
    with ExitStack() as undo:
        if why := tried("ip", "netns", "add", name):
            pytest.skip(f"there are no network namespaces: {why}")
        undo.callback(tried, "ip", "netns", "delete", name)
        argv = [sys.executable, str(WIRE), ours, name, theirs, str(DELAY)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        wire = undo.enter_context(subprocess.Popen(argv, **pipes))
        undo.callback(wire.kill)
        if wire.stdout.readline() != b"joined\n":
            pytest.skip(f"there are no tun interfaces: {wire.stderr.read().decode().splitlines()[-1]}")
        for before, address, device in (([], here, ours), (inside, there, theirs)):
            assert not tried(*before, "ip", "address", "add", f"{address}/30", "dev", device)
            assert not tried(*before, "ip", "link", "set", device, "up")
        yield inside


@pytest.fixture
def far_server(tmp_path) -> Iterator[str]:
    """The URL of a server in a network of its own, 10 ms away and back."""
    if os.geteuid() or not shutil.which("ip"):
        pytest.skip("a network of its own needs root and ip (iproute2)")
    number = os.getpid()
    net = f"198.18.{number // 64 % 256}.{number % 64 * 4}".rpartition(".")
    here, there = (f"{net[0]}.{int(net[2]) + host}" for host in (1, 2))
    (tmp_path / "server.py").write_text(SERVER)
    script = str(tmp_path / "server.py")
    with (
        network(here, there) as inside,
        subprocess.Popen([*inside, sys.executable, script, there]) as server,
    ):
        yield f"http://{there}:8000"
        server.kill()


OF_ITS_HOST = ("cpu_per_request", "memory", "threads", "context_switches_per_request", "db_cpu_per_request")


def variant_of(project) -> dict[str, Any]:
    """The one variant of the one run. A busy machine may make the run INVALID; it is measured all the same."""
    [test] = json.loads((project.path / "r.json").read_text())["tests"]
    [variant] = test["loads"][0]["runs"][0]["variants"]
    return variant


def test_the_network_in_between_is_measured_and_told(project, far_server):
    project.write(f"""
from pytest_asyncbench import external

@pytest.mark.server(external("{far_server}", startup_timeout="60s"))
@pytest.mark.budget(mean="10s")
def test_it(load):
    load.get("/", users=2, duration="400ms")
""")
    reports = "--asyncbench-json=r.json", "--asyncbench-markdown=r.md"
    result = project.run(*reports, "--asyncbench-agents=2")
    variant = variant_of(project)
    assert len(variant["round_trips"]) == 2, "one of each agent"
    assert min(variant["round_trips"]) >= ROUND_TRIP
    assert min(time for slot in variant["slots"] for time in [slot["values"]["min"]] if time) > ROUND_TRIP
    assert {variant["figures"][name]["shown"] for name in OF_ITS_HOST} == {"-"}
    output = result.stdout.str()
    assert "; network round trip " in output
    assert "the network's round trip, " in output
    assert "network round trip " in (project.path / "r.md").read_text()


def test_a_server_on_this_host_has_no_network_in_between(project):
    project.write("""
import subprocess, sys

from pytest_asyncbench import external
from pytest_asyncbench.servers.ports import free_port

PORT = free_port()

@pytest.fixture(autouse=True)
def running():
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(PORT), "tiny:wsgi"]
    with subprocess.Popen(command) as server:
        yield
        server.terminate()

@pytest.mark.server(external(f"http://127.0.0.1:{PORT}", startup_timeout="60s"))
@pytest.mark.budget(mean="10s")
def test_it(running, load):
    load.get("/", users=2, duration="400ms")
""")
    result = project.run("--asyncbench-json=r.json")
    variant = variant_of(project)
    assert variant["round_trips"] == []
    assert {variant["figures"][name]["shown"] for name in OF_ITS_HOST} == {"-"}
    assert variant["limiter"]["name"] not in ("server cpu", "database cpu"), "nobody knows what it uses"
    assert "round trip" not in result.stdout.str()
