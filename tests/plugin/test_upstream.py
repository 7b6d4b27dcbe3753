"""The upstream fixture: told to servers, counted by test."""

from __future__ import annotations

import shutil
from pathlib import Path

from pytest_asyncbench.servers import ports

CALLER = """
import os, urllib.request

def wsgi(environ, start_response):
    with urllib.request.urlopen(os.environ["API"] + "/20/") as answer:
        body = answer.read()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
"""
SERVER = """
caller = granian("caller:wsgi", interface="wsgi", workers=1, threads=4, env={"API": "{upstream.url}"})
caller = caller.with_options(ready=None)
"""


def test_it_is_told_to_servers_and_counts_what_they_ask(project):
    (project.path / "caller.py").write_text(CALLER)
    project.write(SERVER + "@pytest.mark.server(caller)\n"
        "def test_it(load, upstream):\n"
        "    assert upstream.requests == 0\n"
        "    run = load.get('/', users=4, duration='1s', warmup='200ms')\n"
        "    assert upstream.requests == run.ok > 20\n"
        "    assert run.min.value >= 0.020\n"
        "@pytest.mark.server(caller)\n"
        "def test_a_server_alone_starts_it(server):\n"
        "    import urllib.request\n"
        "    assert urllib.request.urlopen(server.url).read() == b'{\"ms\": 20}'\n"
        "def test_it_counts_by_test(upstream):\n"
        "    assert upstream.requests == 0\n"
    )  # fmt: skip
    project.run().assert_outcomes(passed=3)


def test_a_fixed_port(project):
    port = ports.free_port()
    project.ini(f"asyncbench_upstream_port = {port}")
    project.write(f"def test_it(upstream):\n    assert upstream.url == 'http://127.0.0.1:{port}'\n")
    project.run().assert_outcomes(passed=1)
    ports.require_free(port)


def test_a_port_that_is_none(project):
    project.ini("asyncbench_upstream_port = http")
    project.write("def test_it(upstream):\n    pass\n")
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*asyncbench_upstream_port = http in ini: a port is a number from 1 to 65535"]
    )


def test_a_fixture_of_the_same_name_is_told_instead(project):
    (project.path / "caller.py").write_text(CALLER)
    shutil.copy(Path(__file__).parents[1] / "servers" / "echo.py", project.path)
    project.write(
        SERVER + "@pytest.fixture\n"
        "def upstream():\n"
        "    class Real:\n"
        "        url = 'http://127.0.0.1:1'\n"
        "    return Real()\n"
        "from pytest_asyncbench import command\n"
        "@pytest.mark.server(command(['{python}', 'echo.py', '{port}'], env={'API': '{upstream.url}'}))\n"
        "def test_it(server):\n"
        "    import json, urllib.request\n"
        "    assert json.load(urllib.request.urlopen(server.url))['env']['API'] == 'http://127.0.0.1:1'\n"
    )
    project.run().assert_outcomes(passed=1)
