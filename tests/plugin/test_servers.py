"""What a run tells of its servers: how long they took to start, what they did not inherit, what they wrote."""

from __future__ import annotations

import os

import pytest

from pytest_asyncbench.servers import environment

CONFTEST = """
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session):
    from pytest_asyncbench.items import BENCH
    for name, text in session.config.stash[BENCH].cases[0].stage.logs().items():
        print(f"log of {name}: {text.count('GET /')} requests")
"""
LOGGING = """
@pytest.mark.variants(
    a=many.with_options(args=["--access-log", "--access-log-fmt", "%(method)s %(path)s"]),
    b=one.with_env(PYTHONASYNCIODEBUG="1"),
)
def test_it(load):
    load.get("/", users=2, duration="300ms")
"""


@pytest.fixture(autouse=True)
def nothing_to_clear(monkeypatch):
    for name in environment.clean(os.environ)[1]:
        monkeypatch.delenv(name)


def test_the_report_says_how_long_they_took_and_what_they_did_not_get(project, monkeypatch):
    monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")
    monkeypatch.setenv("COVERAGE_RCFILE", "x")
    result = project.write(LOGGING).run()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "  not passed on to the servers: COVERAGE_RCFILE, PYTHONASYNCIODEBUG",
            "  * slots in * s, seed *; started in ?.? s (a), ?.? s (b)",
        ]
    )


def test_it_says_nothing_of_what_is_always_there(project, monkeypatch):
    monkeypatch.setenv("TOX_ENV_NAME", "py311")
    result = project.write(LOGGING).run()
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*not passed on*")


def test_what_they_wrote_is_there_when_they_have_gone(project):
    (project.path / "conftest.py").write_text(CONFTEST)
    result = project.write(LOGGING).run("-s")
    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines([r".*log of a: [1-9]\d+ requests", "log of b: 0 requests"])
