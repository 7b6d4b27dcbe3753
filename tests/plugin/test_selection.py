"""Which tests run, under which names, and with which server."""

from __future__ import annotations

import json

import pytest


def test_smoke_skip_only(project):
    project.write("""
@both
@pytest.mark.ordering("one", "many", by="900%")
def test_load(load):
    run = load.get("/slow", users=8)
    assert run["many"].rps > run["one"].rps  # a smoke run ends here

@pytest.mark.server(many)
def test_broken(load):
    load.get("/", userz=1)

def test_plain():
    pass
""")
    project.run("--asyncbench-smoke").assert_outcomes(passed=2, failed=1)
    project.run("--asyncbench-skip").assert_outcomes(passed=1, deselected=2)
    project.run("--asyncbench-only", "--asyncbench-smoke").assert_outcomes(passed=1, failed=1, deselected=1)


def test_smoke_by_ini_and_undone(project):
    project.ini("asyncbench_smoke = true").write("""
@pytest.mark.server(many)
@pytest.mark.budget(rps=10000000)
def test_it(load):
    load.get("/")
""")
    project.run().assert_outcomes(passed=1)
    project.run("--asyncbench-no-smoke").assert_outcomes(failed=1)


def test_a_smoke_run_still_checks_the_answer(project):
    result = project.write("""
@pytest.mark.server(many)
def test_it(load):
    load.get("/boom")

@pytest.mark.server(many)
def test_also_if_something_is_compared(load):
    assert load.get("/boom", users=8).rps > 1

@pytest.mark.server(many)
def test_a_value_that_one_request_does_not_give_ends_the_body(load):
    assert load.get("/").queries_per_request == 1
""").run("--asyncbench-smoke")
    result.assert_outcomes(failed=2, passed=1)
    result.stdout.fnmatch_lines(["*500 Internal Server Error*"])


def test_parametrized_servers_have_readable_ids(project):
    result = project.write("""
@pytest.mark.parametrize("server", [many, one], indirect=True)
def test_it(server, load):
    assert server.url.startswith("http://127.0.0.1:") and server.pid in server.pids
    assert server.variant == "server" and "granian" in server.log
    assert load.get("/", duration=0.2).rps.value > 1
""").run("-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        ["*test_it*granian-wsgi-1w-4t*PASSED*", "*test_it*granian-wsgi-1w-1t*PASSED*"]
    )


def test_a_server_fixture_of_the_project(project):
    result = project.write("""
@pytest.fixture
def server():
    return one

def test_it(load, server):
    assert load.get("/", duration=0.2).outcomes["ok"] > 0
""").run()
    result.assert_outcomes(passed=1)
    result = project.write("""
@pytest.fixture
def server():
    return "http://localhost"

def test_it(load, server):
    pass
""").run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*the fixture server of test_it returned 'http://localhost'*must be a server spec*"]
    )


def test_the_server_of_a_suite_by_ini(project):
    (project.path / "specs.py").write_text(
        "from pytest_asyncbench import granian\nAPP = granian('tiny:wsgi', interface='wsgi', threads=2)\n"
    )
    project.ini("asyncbench_server = specs:APP").write("""
def test_it(load):
    assert load.get("/", duration=0.2).outcomes["ok"] > 0
""").run().assert_outcomes(passed=1)


def test_no_server_is_said(project):
    result = project.write("def test_it(load): load.get('/')").run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*the test uses load and has no server; add @pytest.mark.server*"])


def test_load_from_a_fixture_of_the_project(project):
    project.write("""
@pytest.fixture
def static(load):
    return load.get("/", duration=0.2)

@pytest.mark.server(many)
@pytest.mark.budget(rps=10000000)
def test_it(static):
    assert static.outcomes["ok"] > 0
""").run("--asyncbench-inconclusive=fail").assert_outcomes(failed=1)


def test_the_closest_marker_counts(project):
    project.write("""
pytestmark = [pytest.mark.server(one), pytest.mark.budget(rps=10000000, errors="0.1%")]

class TestIt:
    pytestmark = [pytest.mark.budget(rps=1)]

    @pytest.mark.server(many)
    def test_it(self, server, load):
        assert server.spec.threads == 4
        load.get("/", rounds=8)
""").run().assert_outcomes(passed=1)


def test_names_of_others_are_left_alone(project):
    """A suite with its own `load`, and its own markers and fixtures of our names, does not notice us."""
    result = project.write("""
@pytest.fixture
def load():
    return 3

@pytest.fixture
def database():
    return "mine"

@pytest.mark.database("primary")
@pytest.mark.server("web-1")
@pytest.mark.variants("x")
def test_it(load, database):
    assert (load, database) == (3, "mine")
""").run("--strict-markers")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*= asyncbench =*")


def test_under_xdist_load_tests_are_skipped(project):
    pytest.importorskip("xdist")
    result = project.write("""
@pytest.mark.server(many)
def test_load(load):
    load.get("/")

def test_plain():
    pass
""").pytester.runpytest_subprocess("-n1", "-rs", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*pytest --asyncbench-only -n0*"])


def test_load_from_an_async_test(project):
    pytest.importorskip("pytest_asyncio")
    project.write("""
@pytest.mark.asyncio
@pytest.mark.server(many)
async def test_it(load):
    assert load.get("/", duration=0.2).outcomes["ok"] > 0
""").run().assert_outcomes(passed=1)


def test_several_variants_are_asked_for_by_name(project):
    project.write("""
@both
def test_variants(load):
    run = load.get("/", duration=0.2)
    assert run.variants == ("many", "one")
    with pytest.raises(Exception, match="several variants"):
        run.rps
    with pytest.raises(KeyError, match="nobody"):
        run["nobody"]

@both
def test_the_server_fixture_is_for_one(server, load):
    pass
""").run().assert_outcomes(passed=1, errors=1)


def test_a_built_request_is_sent(project):
    pytest.importorskip("httpx")
    project.write("""
import httpx
from pytest_asyncbench import request

@pytest.mark.server(many)
def test_it(load):
    assert load.send(httpx.Request("GET", "/boom"), duration=0.2, expect={500, 503}).outcomes["ok"] > 0
    assert load.send(request("POST", "/", json={"n": 1}), duration=0.2).outcomes["ok"] > 0
    assert load.head("/", duration=0.2, keepalive=False, think_time="10ms").outcomes["ok"] > 0
""").run().assert_outcomes(passed=1)


OPEN = """
import json
from pathlib import Path

from pytest_asyncbench import exponential

@pytest.mark.server(many)
def test_open(load):
    run = load.get("/slow", rate=40, arrivals="poisson", max_in_flight=50, duration=0.5)
    assert run.service_time.value > 0
    figures = {name: run["server"].measure(name).value for name in ("rps", "mean", "service_time", "send_delay_p99")}
    Path("open.json").write_text(json.dumps([figures, run.outcomes]))

@pytest.mark.server(many)
def test_closed(load):
    from pytest_asyncbench.errors import UnknownValue

    runs = [load.get("/", users=2, duration=0.2, think_time=t) for t in ((0, "20ms"), exponential("10ms"))]
    with pytest.raises(UnknownValue, match="closed loop plans no starts"):
        runs[0].service_time
    Path("closed.json").write_text(json.dumps([run.outcomes["ok"] for run in runs]))
"""


def test_open_loops_and_think_times(project):
    """A busy machine may make them INVALID, since it makes the agent late."""
    project.write(OPEN).run()
    figures, outcomes = json.loads((project.path / "open.json").read_text())
    assert 0 < figures["service_time"] <= figures["mean"]
    assert figures["rps"] > 0 <= figures["send_delay_p99"]
    assert sum(outcomes.values()) > 3
    assert all(json.loads((project.path / "closed.json").read_text()))


def test_one_request_of_an_open_loop(project):
    body = OPEN.split("    assert run.service_time")[0]
    project.write(body).run("--asyncbench-smoke").assert_outcomes(passed=1)
