"""A project of a user, in which the plugin is used."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

HEADER = """
import pytest
from pytest_asyncbench import granian

many = granian("tiny:wsgi", interface="wsgi", workers=1, threads=4)
one = many.with_options(threads=1)
both = pytest.mark.variants(many=many, one=one)
"""

INI = """
[pytest]
asyncio_default_fixture_loop_scope = function
asyncbench_warmup = 300ms
asyncbench_slot = 200ms
"""

CROWDED = "the load agent did not keep up"
TRIES = 4


class Project:
    """Writes test modules under the header above, and runs pytest on them."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.path = pytester.path
        shutil.copy(Path(__file__).parent / "tiny.py", pytester.path)
        (pytester.path / "pytest.ini").write_text(INI)

    def write(self, body: str) -> Project:
        self.pytester.makepyfile(test_it=HEADER + body)
        return self

    def ini(self, line: str) -> Project:
        with (self.path / "pytest.ini").open("a") as file:
            file.write(line + "\n")
        return self

    def run(self, *arguments: str) -> pytest.RunResult:
        """Run pytest in this process; again, a few times, where the machine gave the load agent no time.

        What that makes of a test is right, and says nothing of what is asked here.
        """
        for _ in range(TRIES):
            result = self.pytester.runpytest_inprocess("-p", "no:cacheprovider", *arguments)
            if result.ret == 0 or not any(CROWDED in line for line in result.outlines):
                break
        return result


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.syspath_prepend(pytester.path)
    return Project(pytester)
