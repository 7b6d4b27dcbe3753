"""The project of `tests/plugin`: refusals are failures of a test, so they need one inside."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

HERE = Path(__file__).parent
HEADER = """
import pytest
from pytest_asyncbench import granian

wsgi = granian("planted:wsgi", interface="wsgi", workers=1, threads=16)
asgi = granian("planted:asgi", interface="asgi", workers=1)
loaded = pytest.mark.database(load=["schema.sql"])
BRIEF = {"duration": "200ms", "warmup": 0}

def on(view, **env):
    return wsgi.with_env(VIEW=view, **env)
"""


@pytest.fixture
def gallery(pytester: pytest.Pytester):
    """Runs a test module with the planted app, in this process."""
    for name in ("planted.py", "schema.sql"):
        shutil.copy(HERE / name, pytester.path)
    (pytester.path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")

    def run(body: str) -> pytest.RunResult:
        pytester.makepyfile(test_it=HEADER + body)
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-rA")

    return run
