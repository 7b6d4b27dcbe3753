"""pytest's own options and plugins that go with everything: a verdict is an ordinary outcome of a test.

A smoke run is enough: its verdict on an answer that is not ok comes the same way as all others.
"""

from __future__ import annotations

import json

import pytest
import pytest_timeout

THREE = """
pytestmark = pytest.mark.server(many)

def test_right(load):
    load.get("/")

def test_wrong(load):
    load.get("/boom")

def test_last(load):
    load.get("/")
"""


def outcomes(project) -> dict[str, str]:
    """How each test of a JSON report ended."""
    tests = json.loads((project.path / "r.json").read_text())["tests"]
    return {test["nodeid"].partition("::")[2]: test["outcome"] for test in tests}


def test_x_ends_at_the_first_verdict_and_lf_runs_it_again(project):
    run = project.write(THREE).pytester.runpytest_inprocess
    reports = "--asyncbench-smoke", "--asyncbench-json=r.json"
    run("-x", *reports).assert_outcomes(passed=1, failed=1)
    assert outcomes(project) == {"test_right": "passed", "test_wrong": "failed", "test_last": "not run"}
    run("--lf", *reports).assert_outcomes(failed=1)
    assert outcomes(project) == {"test_wrong": "failed"}


FAKE_PDB = """
from pathlib import Path

import psutil

class Pdb:
    quitting = False

    def __init__(self, *args, **kwargs):
        pass

    def reset(self):
        pass

    def interaction(self, *args):
        running = [process.cmdline() for process in psutil.Process().children(recursive=True)]
        with Path("told").open("a") as told:
            told.write(f"the server runs: {any('granian' in argv for argv in running)}\\n")
"""


def test_pdb_is_entered_while_the_server_runs(project, monkeypatch):
    # pytest-timeout keeps this mark once pdb was entered: else no later test of this process would have a timeout
    monkeypatch.setattr(pytest_timeout, "SUPPRESS_TIMEOUT", False)
    (project.path / "fake_pdb.py").write_text(FAKE_PDB)
    project.write(THREE).run("--pdb", "--pdbcls=fake_pdb:Pdb", "--asyncbench-smoke", "-k", "wrong")
    assert (project.path / "told").read_text() == "the server runs: True\n"


def test_k_leaves_others_alone(project):
    """Also what is wrong with their markers."""
    body = THREE + "\n@pytest.mark.budget(nonsense=1)\ndef test_nonsense(load):\n    pass\n"
    result = project.write(body).run("-k", "right", "--asyncbench-smoke", "--asyncbench-json=r.json")
    result.assert_outcomes(passed=1, deselected=3)
    assert outcomes(project) == {"test_right": "passed"}
    assert project.run("-k", "nonsense").ret == pytest.ExitCode.USAGE_ERROR


def test_collect_only_starts_nothing(project):
    project.write("""
@pytest.mark.server(granian("there_is_no_such_app:wsgi", interface="wsgi"))
@pytest.mark.budget(rps=1)
def test_it(load):
    load.get("/")
""")
    result = project.run("--collect-only", "-q")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["test_it.py::test_it", "*1 test collected*"])
    project.run().assert_outcomes(errors=1)


def test_without_the_plugin_nothing_of_it_is_there(project):
    project.write("""
def test_plain():
    pass

def test_load(load):
    pass
""")
    result = project.run("-p", "no:asyncbench")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*fixture 'load' not found*"])
    result = project.run("-p", "no:asyncbench", "--asyncbench-smoke")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*unrecognized arguments: --asyncbench-smoke*"])


def test_warnings_are_errors_and_markers_strict(project):
    project.write("""
@both
@pytest.mark.ordering("many", "one")
@pytest.mark.tie("many", "one")
@pytest.mark.no_regression("many", "one")
@pytest.mark.budget(p95="1s")
@pytest.mark.database()
def test_all_markers(load, database):
    load.get("/")
""")
    result = project.run("-W", "error", "--strict-markers", "--strict-config", "--asyncbench-smoke")
    result.assert_outcomes(passed=1)
    assert "warnings summary" not in result.stdout.str()


def test_xdist_skips_with_one_line(project):
    pytest.importorskip("xdist")
    project.write(THREE + "\ndef test_plain():\n    pass\n")
    arguments = "-n2", "-p", "no:cacheprovider", "--asyncbench-json=r.json"
    result = project.pytester.runpytest_subprocess(*arguments)
    result.assert_outcomes(passed=1, skipped=3)
    line = "asyncbench: 3 load tests were skipped: pytest-xdist's workers would slow each other down; run them with:"
    assert [text for text in result.outlines if "asyncbench-only" in text] == [
        f"{line} pytest --asyncbench-only -n0"
    ]
    assert outcomes(project) == {}


TELLS = """
import json, os

def wsgi(environ, start_response):
    names = [name for name in os.environ if name.startswith(("COV_CORE_", "COVERAGE_"))]
    import sys
    body = json.dumps([names, "coverage" in sys.modules]).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""


def test_coverage_does_not_reach_the_servers(project):
    """Also where coverage asks to be started in every subprocess."""
    pytest.importorskip("pytest_cov")
    (project.path / "tells.py").write_text(TELLS)
    (project.path / ".coveragerc").write_text("[run]\npatch = subprocess\n")
    project.write("""
@pytest.mark.server(granian("tells:wsgi", interface="wsgi", threads=1))
def test_it(server, load):
    import json, os, urllib.request
    assert any(name.startswith("COV") for name in os.environ), "coverage did not ask for subprocesses"
    assert json.load(urllib.request.urlopen(server.url)) == [[], False]
    load.get("/")
""")
    arguments = "--cov=.", "--cov-report=term", "-p", "no:cacheprovider", "--asyncbench-smoke"
    result = project.pytester.runpytest_subprocess(*arguments)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["tells.py * 0%", "test_it.py * 100%"])
    assert [path.name for path in project.path.glob(".coverage*") if path.name != ".coveragerc"] == [
        ".coverage"
    ]
