"""`load.slowest` on a real server, whose planted slowness is huge: 80 ms against less than one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

SEARCH = """
from hypothesis import HealthCheck, given, settings, strategies as st
from pytest_asyncbench import request

shop = granian("shop:wsgi", interface="wsgi", workers=1, threads=2)
in_shop = pytest.mark.server(shop)
"""


@pytest.fixture
def shop(project):
    """A project with a shop in which some requests are slow."""
    shutil.copy(Path(__file__).parent / "shop.py", project.path)
    return project


def test_the_slowest_request_is_found_shrunk_and_judged(shop):
    shop.write(
        SEARCH
        + """
@in_shop
def test_bodies(load):
    bodies = st.fixed_dictionaries({"mode": st.sampled_from(["a", "deep"]), "all": st.booleans()})
    found = load.slowest("/report", json=bodies, max_examples=20)
    assert found.request.json == {"mode": "deep", "all": True} and found.request.method == "POST"
    assert found.latency.value > 0.05 and found.stands_out
    assert found.times_slower.value > 2 and found.examples >= 4
    assert found.errors == 0 and found.broken == ()
    assert load.send(found.request, rounds=8, duration=0.2).min.value > 0.05
"""
    )
    result = shop.run("--asyncbench-json=out.json")
    result.assert_outcomes(passed=1)
    assert "different requests, sent" in (shop.path / "out.json").read_text()


def test_an_answer_that_is_not_ok_is_an_error_and_not_slow(shop):
    shop.write(
        SEARCH
        + """
@in_shop
def test_it(load):
    found = load.slowest(st.sampled_from(["/", "/broken"]), max_examples=5)
    assert found.request.url == "/"
    assert [each.request.url for each in found.broken] == ["/broken"]
"""
    )
    result = shop.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*FAIL errors <= 0.10 %*say expect=*", "*\"GET\", '/broken'*: 500 *"])


def test_inside_given_a_hunt_judges_its_limit_and_the_example_is_shrunk(shop):
    shop.write(
        SEARCH
        + """
@in_shop
@settings(deadline=None, max_examples=5, database=None)
@given(st.sampled_from(["/list", "/slow"]))
def test_it(load, path):
    load.slowest(path, params={"page_size": st.integers(1, 3)}, limit="30ms", max_examples=2)
"""
    )
    result = shop.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*FailedExample: load.slowest('/slow'): FAIL p50 <= 0.03*", "*path='/slow'*"]
    )
    result.stdout.no_fnmatch_line("*Flaky*")


def test_what_cannot_be_meant_is_refused_and_a_smoke_run_sends_one_request(shop):
    shop.write(
        SEARCH
        + """
from pytest_asyncbench import SpecError

anything = st.just("/")


def refused(call, why):
    with pytest.raises(SpecError, match=why):
        call()


@in_shop
@pytest.mark.budget(rps=3, run="other")
def test_it(load):
    refused(lambda: load.slowest("/"), "nothing to search: give a Hypothesis strategy")
    refused(lambda: load.slowest(anything, users=3), "no users: it sends one request at a time")
    refused(lambda: load.slowest(anything, name="other"), "is about a server under load")
    found = load.slowest(anything, limit="1ms")
    assert found.requests == 1 and "not measured" in repr(found)
    assert found.request.url == "/far/away", "nothing was hunted: this ends the test"
"""
    )
    shop.run("--asyncbench-smoke").assert_outcomes(passed=1)


def test_a_cancelled_hunt_ends_at_once(shop):
    shop.write(
        SEARCH
        + """
import asyncio, time

@in_shop
def test_it(aload):
    async def main():
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await aload.slowest("/list", params={"page_size": st.integers(1, 10_000)})
        return time.monotonic() - began

    assert asyncio.run(main()) < 10, "and not the minute that it may take"
"""
    )
    shop.run().assert_outcomes(passed=1)
