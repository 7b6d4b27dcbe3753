"""A project of its own for each planted cause: refusals are failures of a test, so they need one inside."""

from __future__ import annotations

import fnmatch
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
HEADER = """
import pytest
from pytest_asyncbench import daphne, granian, gunicorn, hypercorn, uvicorn, uwsgi

wsgi = granian("planted:wsgi", interface="wsgi", workers=1, threads=16)
asgi = granian("planted:asgi", interface="asgi", workers=1)
loaded = pytest.mark.database(load=["schema.sql"], settings={"deadlock_timeout": "50ms"})
BRIEF = {"duration": "200ms", "warmup": 0}
LONGER = {"duration": "600ms", "warmup": 0}

def on(view, **env):
    return wsgi.with_env(VIEW=view, **env)

def named(run, name):
    assert run.limiter.name == name, str(run.limiter)
    assert str(run.limiter).startswith(f"{name}: ")
    assert any(letter.isdigit() for letter in run.limiter.evidence)
"""
CROWDED = ("something else uses", "the load agent did not keep up")
TRIES = 10


@pytest.fixture
def gallery(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """Runs a test module with the planted app, in this process: `gallery(body, "INVALID *", failed=1)`.

    It must come to these outcomes, and show these lines. Where other programs have the machine, and the output says so,
    it is run again: nobody can tell then what a server would be limited by.
    """
    for name in ("planted.py", "schema.sql"):
        shutil.copy(HERE / name, pytester.path)
    (pytester.path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")

    def run(body: str, *lines: str, **outcomes: int) -> pytest.RunResult:
        pytester.makepyfile(test_it=HEADER + body)
        for _ in range(TRIES):
            result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-rA")
            shown = all(fnmatch.filter(result.outlines, line) for line in lines)
            if shown and result.parseoutcomes() == outcomes:
                break
            if not any(text in line for line in result.outlines for text in CROWDED):
                break
        result.assert_outcomes(**outcomes)
        for line in lines:
            result.stdout.fnmatch_lines([line])
        return result

    return run
