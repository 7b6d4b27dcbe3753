"""The how-to on foreign applications is true: an application of 2021 on Python 3.9, and an upstream."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[1] / "docs" / "how-to" / "foreign-applications.md").read_text()
INI = "[pytest]\nasyncio_default_fixture_loop_scope = function\nasyncbench_warmup = 300ms\n"


def blocks(language: str) -> list[tuple[str, str]]:
    found = re.findall(rf"^```{language}(?: file=(\S+))?$\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return [(name, body) for name, body in found]


def python39() -> str | None:
    """An interpreter of Python 3.9 that runs (a shim of pyenv may not)."""
    known = [*sorted(Path.home().glob(".pyenv/versions/3.9*/bin/python")), shutil.which("python3.9")]
    for candidate in filter(None, map(str, filter(None, known))):
        asked = [candidate, "-c", "import sys; print(*sys.version_info[:2])"]
        if subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split() == ["3", "9"]:
            return candidate
    return None


PYTHON39 = python39()  # before pytester moves the home directory


@pytest.fixture
def page(pytester: pytest.Pytester) -> Path:
    (pytester.path / "old").mkdir()
    for name, body in blocks("python"):
        if name:
            (pytester.path / name).write_text(body)
    (pytester.path / "pytest.ini").write_text(INI)
    (pytester.path / "schema.sql").write_text(
        "CREATE TABLE items (name text); INSERT INTO items VALUES ('a'), ('b');"
    )
    return pytester.path


@pytest.mark.skipif(PYTHON39 is None, reason="no python3.9 on this machine")
def test_an_old_application_on_an_old_python(page, pytester):
    [(_, script)] = blocks("sh")
    assert script.startswith("python3.9 -m venv")
    commands = script.replace("python3.9", str(PYTHON39), 1)
    subprocess.run(["sh", "-e", "-c", commands], cwd=page, check=True, capture_output=True)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "test_catalogue.py")
    result.assert_outcomes(passed=2)
    assert not Path("/run/catalogue.pid").exists()


def test_the_upstream(page, pytester):
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "test_upstream.py")
    result.assert_outcomes(passed=1)


def test_the_other_examples_can_be_meant():
    others = [body for name, body in blocks("python") if not name]
    assert len(others) == 1
    for body in others:
        exec(body, {})
