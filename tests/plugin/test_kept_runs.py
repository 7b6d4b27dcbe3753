"""Runs that are kept, and compared with."""

from __future__ import annotations

import json
import re

import pytest

from pytest_asyncbench.report.description import plan_value
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.requests import request

GUARDED = """
from pathlib import Path

path = Path("where").read_text() if Path("where").exists() else "/"

@pytest.mark.server(many)
@pytest.mark.no_regression(metric="rps", within="50%")
@pytest.mark.no_regression(metric="errors")
def test_it(load):
    load.get(path, users=4, name="it")
"""
FLAKY = plan_value(LoadPlan((request("GET", "/flaky"),)), ["server"]).requests
SHORT = "--asyncbench-rounds=8"


def told(result):
    """What a session says, without the line breaks that make it fit a terminal."""
    return re.sub(r"-\s+", "-", " ".join(result.stdout.str().split()))


@pytest.fixture(scope="module")
def saved():
    """What the first test has saved, for the others."""
    return []


@pytest.fixture
def kept(project, saved):
    """A project with a kept run; `change` of its JSON, if given."""

    def made(body=GUARDED, change=None):
        path = project.write(body).path / ".asyncbench" / "main.json"
        if not saved:
            project.run("--asyncbench-save=main", SHORT).assert_outcomes(passed=1)
            saved.append(path.read_text())
        data = json.loads(saved[0])
        if change:
            change(data)
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(data))
        return project

    return made


def test_without_a_baseline_it_is_a_note(project):
    result = project.write(GUARDED).run(SHORT)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["*note: not judged: rps is not worse than the baseline by 50 %: there is no*"]
    )


def test_a_name_that_is_not_kept_is_a_note(project):
    result = project.write(GUARDED).run(SHORT, "--asyncbench-compare=main", "--asyncbench-json=r.json")
    result.assert_outcomes(passed=1)
    assert re.search(
        r"note: not judged: rps.*: no run is kept as 'main' in .*\(there are: none\)", told(result)
    )
    assert "no run is kept as 'main'" in json.loads((project.path / "r.json").read_text())["notices"][0]


def test_the_same_again_passes_and_slower_fails(project):
    (project.path / "where").write_text("/slow")  # waiting is the same on a busy machine
    duration = "--asyncbench-duration=3"
    project.write(GUARDED).run("--asyncbench-save=main", duration).assert_outcomes(passed=1)
    assert (project.path / ".asyncbench" / ".gitignore").read_text().endswith("*\n")
    result = project.run("--asyncbench-compare=main", duration)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*PASS rps is not worse than in the kept run 'main' by 50 %*"])
    slower = GUARDED.replace("server(many)", "server(one)")
    result = project.write(slower).run("--asyncbench-compare=main")
    result.assert_outcomes(failed=1)
    assert "FAIL rps is not worse than in the kept run 'main' by 50 %" in told(result)
    assert re.search(
        r"note: server is another server than in the kept run 'main': .*threads was 4, is 1", told(result)
    )


def test_another_plan_is_told_and_not_judged(kept):
    project = kept()
    (project.path / "where").write_text("/other")
    result = project.run("--asyncbench-compare=main", SHORT)
    result.assert_outcomes(passed=1)
    assert re.search(r"note: not judged: rps.* measured with another plan: requests was", told(result))


def test_another_machine_is_told_and_only_counts_are_judged(kept):
    def elsewhere(data):
        data["environment"]["machine"]["cores"] = 512

    result = kept(change=elsewhere).run("--asyncbench-compare=main", SHORT)
    result.assert_outcomes(passed=1)
    assert re.search(r"note: not judged: rps.* on another machine \(cores 512 and", told(result))
    assert "PASS errors is not worse than" in told(result)


def test_more_errors_fail_on_every_machine(kept):
    def elsewhere(data):
        data["environment"]["machine"]["cores"] = 512
        run = data["tests"][0]["loads"][0]["runs"][0]
        run["plan"]["requests"] = FLAKY  # as if the same path had not failed then

    body = GUARDED.replace(
        "@pytest.mark.server(many)", '@pytest.mark.server(many)\n@pytest.mark.budget(errors="50%")'
    )
    project = kept(body, change=elsewhere)
    (project.path / "where").write_text("/flaky")
    result = project.run("--asyncbench-compare=main", SHORT)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*FAIL errors is not worse than in the kept run 'main'*"])


def test_a_file_that_is_no_report_is_a_note(kept):
    project = kept()
    (project.path / ".asyncbench" / "main.json").write_text("{}")
    result = project.run("--asyncbench-compare=main", SHORT)
    result.assert_outcomes(passed=1)
    assert re.search(r"note: not judged: rps.*'main' is of no use: .*its schema is None", told(result))


def test_a_smoke_run_is_not_kept(project):
    result = project.write(GUARDED).run("--asyncbench-smoke", "--asyncbench-save=main")
    result.stdout.fnmatch_lines(["asyncbench: nothing was measured*"])
    assert not (project.path / ".asyncbench").exists()


def test_a_ramp_refuses_the_guard_with_the_reason(project):
    body = GUARDED.replace(
        'load.get(path, users=4, name="it")', "load.ramp(path, users=(1, 4), duration=0.4)"
    )
    result = project.write(body).run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*SpecError: *is about one load, and a ramp has many*"])
