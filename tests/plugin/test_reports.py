"""Reports of real sessions."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import matplotlib.figure  # noqa: F401 - NumPy, which it imports, cannot be loaded again after pytester has forgotten it
import pytest

from pytest_asyncbench.report.file import load
from pytest_asyncbench.report.html import as_html
from pytest_asyncbench.report.markdown import as_markdown

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schema" / "asyncbench-1.json").read_text())
EVERYTHING = """
from pytest_asyncbench import mix, request

HOSTILE = "<b>many</b>"

@pytest.mark.variants(**{HOSTILE: many, "one": one})
@pytest.mark.ordering(HOSTILE, "one", by="20%")
def test_right(load):
    load.get("/slow", users=4, duration=2)

@pytest.mark.server(many)
@pytest.mark.budget(rps=1_000_000, errors="50%")
def test_wrong(load):
    load.send(mix({request("GET", "/", name="a"): 2, request("GET", "/flaky", name="b"): 1}), users=2, duration=2)

@pytest.mark.server(many)
@pytest.mark.budget(p50="1s")
def test_ramp(load):
    load.ramp("/slow", users=(1, 8), duration=0.4)

@pytest.mark.server(many)
def test_open(load):
    load.get("/", rate=100, duration=0.4)

@pytest.mark.server(many)
def test_flow(load):
    async def visit(client):
        await client.get("/")
    load.flow(visit, users=2, duration=0.4)
"""
ONE = """
@pytest.mark.server(many)
def test_it(load):
    load.get("/", users=2, duration=0.4)
"""


def test_all_reports_of_one_session(project, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project.path / "summary.md"))
    (project.path / "summary.md").write_text("before\n")
    result = project.write(EVERYTHING).run(
        "--asyncbench-json=out/r.json",
        "--asyncbench-markdown=r.md",
        "--asyncbench-html=r.html",
        "--junitxml=r.xml",
    )
    result.stdout.fnmatch_lines(["asyncbench: html report: *r.html"])
    data = json.loads((project.path / "out" / "r.json").read_text())
    jsonschema.validate(data, SCHEMA)
    report = load(project.path / "out" / "r.json")
    assert as_html(report) == (project.path / "r.html").read_text()
    assert as_markdown(report) == (project.path / "r.md").read_text()
    assert (project.path / "summary.md").read_text() == "before\n" + (project.path / "r.md").read_text()
    tests = {test.nodeid.partition("::")[2]: test for test in report.tests}
    late = tests["test_open"].outcome  # on a busy machine the agent may be late, which makes a run INVALID
    assert {name: test.outcome for name, test in tests.items()} == {
        "test_open": late,
        "test_right": "passed",
        "test_wrong": "failed",
        "test_ramp": "passed",
        "test_flow": "passed",
    }
    assert (tests["test_right"].verdict, tests["test_wrong"].verdict) == ("PASS", "FAIL")
    assert "FAIL" in tests["test_wrong"].message
    _check_what_was_measured(tests)
    _check_junit(project.path / "r.xml")


@pytest.mark.parametrize("ci", ["", "true"])
def test_a_failure_is_explained_once_even_on_ci(project, monkeypatch, ci):
    monkeypatch.setenv("CI", ci)
    result = project.write("""
@pytest.mark.server(many)
def test_it(load):
    load.get("/", users=2, duration=0.4, expect=404)
""").run("--junitxml=r.xml")
    result.assert_outcomes(failed=1)
    assert result.stdout.str().count("GET / with 2 users") == 1
    [failure] = ElementTree.parse(project.path / "r.xml").iter("failure")
    assert failure.get("message").startswith("Failed: FAIL errors")
    assert "GET / with 2 users" not in failure.get("message")
    assert "GET / with 2 users" in failure.text


def _check_what_was_measured(tests):
    [right], [wrong], [ramp] = (tests[name].loads for name in ("test_right", "test_wrong", "test_ramp"))
    run = right.runs[0]
    assert {frozenset(names) for names in run.order} == {frozenset({"<b>many</b>", "one"})}
    assert len(run.order) == run.rounds >= 8
    assert run.variants[0].spec.command[:3] == ("{python}", "-m", "granian")
    for variant in run.variants:
        assert len(variant.slots) == run.rounds
        assert variant.distribution.count == sum(sum(slot.outcomes.values()) for slot in variant.slots)
        for slot in variant.slots:
            assert sum(slot.series.sent) == sum(slot.outcomes.values())
        assert variant.figures["rps"].value > 1
    [track] = right.statements[0].tracks
    assert len(track.ratios) == run.rounds
    assert set(wrong.runs[0].variants[0].steps) == {"a", "b"}
    assert wrong.runs[0].variants[0].outcomes["bad_status"] > 0
    assert "500 Internal" in wrong.runs[0].variants[0].failures
    assert len(ramp.runs) == len(ramp.ramp.loads) == 4
    assert tests["test_open"].loads[0].runs[0].plan.rate == 100


def _check_junit(path):
    found = {each.get("name"): each.get("value") for each in ElementTree.parse(path).iter("property")}
    assert float(found["GET /slow/one/rps/low"]) <= float(found["GET /slow/one/rps"])
    assert float(found["GET /slow/one/rps"]) <= float(found["GET /slow/one/rps/high"])
    assert "GET /slow/<b>many</b>/errors" in found
    assert "GET /slow/one/errors/low" not in found


def test_the_environment_is_told(project, monkeypatch):
    monkeypatch.chdir(project.path)
    for arguments in (["init", "-q"], ["add", "test_it.py"]):
        project.write(ONE)
        subprocess.run(["git", *arguments], check=True)
    who = ["-c", "user.name=me", "-c", "user.email=me@example.org"]
    subprocess.run(["git", *who, "commit", "-qm", "one"], check=True)
    project.run("--asyncbench-json=r.json", "--asyncbench-seed=5").assert_outcomes(passed=1)
    report = load(project.path / "r.json")
    here = report.environment
    assert here.packages["granian"]
    assert here.machine.cores >= 1
    assert here.machine.kernel in here.kernel
    assert len(here.revision.commit) == 40
    assert here.revision.dirty is False
    assert report.options["seed"] == 5
    assert report.tests[0].loads[0].runs[0].seed == 5
    (project.path / "test_it.py").write_text((project.path / "test_it.py").read_text() + "# changed\n")
    project.run("--asyncbench-json=r.json").assert_outcomes(passed=1)
    assert load(project.path / "r.json").environment.revision.dirty is True


def test_without_matplotlib_html_is_an_early_error(project, monkeypatch):
    extra = import_module("pytest_asyncbench.report.extra")  # pytester may have loaded another one before
    monkeypatch.setattr(extra, "find_spec", lambda name: None)
    result = project.write(ONE).run("--asyncbench-html=r.html")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*pip install 'pytest-asyncbench[[]html]'*"])
    assert not (project.path / "r.html").exists()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--asyncbench-json=.", "that is a directory"),
        ("--asyncbench-markdown=pytest.ini/r.md", "nothing can be written"),
        ("--asyncbench-save=../x", "is no name for a kept run"),
    ],
)
def test_what_cannot_be_written_is_an_early_error(project, option, message):
    result = project.write(ONE).run(option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{message}*"])


def test_a_file_that_cannot_be_written_at_the_end_is_told_and_fails(project):
    body = ONE + "    import os; os.mkdir('r.json')\n"
    result = project.write(body).run("--asyncbench-json=r.json", "--asyncbench-markdown=r.md")
    result.stdout.fnmatch_lines(["asyncbench: the json report could not be written: *"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert (project.path / "r.md").exists()


def test_reports_of_a_session_without_load(project):
    (project.path / "test_it.py").write_text("def test_plain(): pass\n")
    result = project.run("--asyncbench-json=r.json", "--asyncbench-html=r.html", "--asyncbench-save=x")
    assert load(project.path / "r.json").tests == ()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["asyncbench: nothing was measured, so nothing was saved as 'x'"])


def test_nothing_is_written_when_tests_are_only_collected(project):
    project.write(ONE).run("--asyncbench-json=r.json", "--collect-only")
    assert not (project.path / "r.json").exists()


def test_set_up_errors_are_in_the_report(project):
    body = ONE.replace("many", "granian('missing:wsgi', interface='wsgi')")
    project.write(body).run("--asyncbench-json=r.json").assert_outcomes(errors=1)
    [test] = load(project.path / "r.json").tests
    assert (test.outcome, test.verdict, test.loads) == ("error", None, ())
    assert "missing" in test.message


def test_after_ctrl_c_there_are_reports_of_what_was_measured(project):
    project.write(
        ONE
        + """
@pytest.mark.server(many)
def test_long(load):
    import pathlib
    pathlib.Path("running").touch()
    load.get("/", users=1, duration=120)

@pytest.mark.server(many)
def test_later(load):
    load.get("/", users=1)
"""
    )
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--asyncbench-json=r.json"]
    with subprocess.Popen(command, cwd=project.path, stdout=subprocess.PIPE) as running:
        deadline = time.monotonic() + 120
        while not (project.path / "running").exists() and time.monotonic() < deadline:
            assert running.poll() is None, running.stdout.read()
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)
    report = load(project.path / "r.json")
    assert report.interrupted
    assert [test.outcome for test in report.tests] == ["passed", "interrupted", "not run"]
    assert report.tests[0].loads[0].runs[0].rounds >= 1


def test_a_run_of_another_kind_has_no_part_in_it(project):
    """Without the options nothing of the reports is even imported."""
    project.write("")
    (project.path / "test_it.py").write_text(
        "import sys\n"
        "def test_plain():\n"
        "    heavy = [m for m in sys.modules if m.startswith(('matplotlib', 'pytest_asyncbench.report.'))]\n"
        "    assert not heavy, heavy\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    subprocess.run(command, cwd=project.path, check=True, stdout=subprocess.DEVNULL)


def test_the_help_knows_every_option(pytester):
    shown = pytester.runpytest_inprocess("--help").stdout.str()
    for name in ("json", "markdown", "html", "save", "compare"):
        assert f"--asyncbench-{name}=" in shown


def test_what_a_server_wrote_is_attached(project):
    project.write("""
@pytest.mark.server(many.with_options(args=["--access-log"]))
def test_it(load):
    load.get("/slow", users=1, duration=0.2)
""").run("--asyncbench-json=run.json", "--asyncbench-html=run.html").assert_outcomes(passed=1)
    (test,) = json.loads((project.path / "run.json").read_text())["tests"]
    assert "GET /slow" in test["logs"]["server"]
    assert "What server wrote" in (project.path / "run.html").read_text()
