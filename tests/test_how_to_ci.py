"""The workflows of the how-to on continuous integration are YAML, and compare with a base that has been fetched."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

PAGE = (Path(__file__).parents[1] / "docs" / "how-to" / "ci.md").read_text()
FILES = dict(re.findall(r"^```yaml file=(\S+)$\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


def test_github():
    workflow = yaml.safe_load(FILES[".github/workflows/performance.yml"])
    [job] = workflow["jobs"].values()
    checkout, *_, tests, artifact = job["steps"]
    assert checkout["with"] == {"fetch-depth": 0}
    assert '--asyncbench-against="origin/$BASE"' in tests["run"].split()
    assert tests["env"] == {"BASE": "${{ github.base_ref }}"}
    assert {"--asyncbench-html=performance.html", "--junitxml=performance.xml"} <= set(tests["run"].split())
    assert artifact["if"] == "always()", "also of a run that failed"
    assert artifact["with"]["path"].split() == ["performance.html", "performance.xml"]


def test_gitlab():
    job = yaml.safe_load(FILES[".gitlab-ci.yml"])["performance"]
    [command] = job["script"]
    assert "--asyncbench-against=FETCH_HEAD" in command.split()
    assert job["before_script"][-1].startswith("git fetch origin"), "the last fetch is what FETCH_HEAD is"
    written = {
        word.partition("=")[2] for word in command.split() if word.startswith(("--asyncbench-", "--junit"))
    }
    assert {*job["artifacts"]["paths"], job["artifacts"]["reports"]["junit"]} <= written
