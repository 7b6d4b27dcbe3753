"""A server on another host: what is not on this machine is unknown, and the network in between is measured."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

DELAY = 0.005
PATIENCE = 30.0
SERVER = """
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *arguments):
        pass

ThreadingHTTPServer((sys.argv[1], 8000), Answer).serve_forever()
"""


def tried(*argv: str) -> str:
    """Run a command; what it says if it fails."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return f"{' '.join(argv)}: {done.stderr.strip()}" if done.returncode else ""


@pytest.fixture
def far_server(tmp_path) -> Iterator[str]:
    """The URL of a server in a network of its own, 5 ms away."""
    if os.geteuid() or not shutil.which("ip") or not shutil.which("tc"):
        pytest.skip("another network needs root, ip and tc (iproute2)")
    number = os.getpid()
    name, ours, theirs = f"asyncbench-{number}", f"abo{number}", f"abt{number}"
    net = f"198.18.{number // 64 % 256}.{number % 64 * 4}".rpartition(".")
    here, there = f"{net[0]}.{int(net[2]) + 1}", f"{net[0]}.{int(net[2]) + 2}"
    inside = ["ip", "netns", "exec", name]
    steps = [
        ["ip", "netns", "add", name],
        ["ip", "link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", name],
        ["ip", "address", "add", f"{here}/30", "dev", ours],
        ["ip", "link", "set", ours, "up"],
        [*inside, "ip", "address", "add", f"{there}/30", "dev", theirs],
        [*inside, "ip", "link", "set", theirs, "up"],
        [*inside, "tc", "qdisc", "add", "dev", theirs, "root", "netem", "delay", f"{DELAY * 1000:g}ms"],
    ]
    try:
        for step in steps:
            if why := tried(*step):
                pytest.skip(f"this kernel has no network of that kind: {why}")
        (tmp_path / "server.py").write_text(SERVER)
        with subprocess.Popen([*inside, sys.executable, str(tmp_path / "server.py"), there]) as server:
            try:
                yield f"http://{there}:8000"
            finally:
                server.kill()
    finally:
        tried("ip", "netns", "delete", name)  # and the pair of interfaces with it
        end = time.monotonic() + PATIENCE
        while os.path.exists(f"/sys/class/net/{ours}"):
            tried("ip", "link", "delete", ours)
            assert time.monotonic() < end
            time.sleep(0.01)


def test_the_network_in_between_is_measured_and_told(project, far_server):
    project.write(f"""
from pytest_asyncbench import external
from pytest_asyncbench.errors import UnknownValue

@pytest.mark.server(external("{far_server}"))
@pytest.mark.budget(p50="10s", errors="50%")
def test_it(load):
    run = load.get("/", users=2, duration="2s")
    assert run.min.value > {DELAY}
    for name in ("cpu_per_request", "memory", "threads", "context_switches_per_request", "db_cpu_per_request"):
        with pytest.raises(UnknownValue):
            getattr(run, name)
""")
    result = project.run("--asyncbench-json=r.json", "--asyncbench-markdown=r.md", "--asyncbench-agents=2")
    result.assert_outcomes(passed=1)
    [variant] = json.loads((project.path / "r.json").read_text())["tests"][0]["loads"][0]["runs"][0]["variants"]
    assert len(variant["round_trips"]) == 2, "one of each agent"
    assert min(variant["round_trips"]) >= DELAY
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
@pytest.mark.budget(p50="10s")
def test_it(running, load):
    run = load.get("/", users=2, duration="2s")
    assert run.limiter.name not in ("server cpu", "database cpu"), "nobody knows what it uses"
""")
    result = project.run("--asyncbench-json=r.json")
    result.assert_outcomes(passed=1)
    [variant] = json.loads((project.path / "r.json").read_text())["tests"][0]["loads"][0]["runs"][0]["variants"]
    assert variant["round_trips"] == []
    assert variant["figures"]["cpu_per_request"]["shown"] == variant["figures"]["memory"]["shown"] == "-"
    assert "round trip" not in result.stdout.str()
