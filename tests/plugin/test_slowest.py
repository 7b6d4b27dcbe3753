"""`load.slowest` on a real server, whose planted slowness is huge: 40 ms against less than one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

SEARCH = """
from hypothesis import given, settings, strategies as st
from pytest_asyncbench import request

shop = granian("shop:wsgi", interface="wsgi", workers=1, threads=2)
"""


@pytest.fixture
def shop(project):
    """A project with a shop in which three kinds of requests are slow."""
    shutil.copy(Path(__file__).parent / "shop.py", project.path)
    return project


def test_three_kinds_of_slow_requests_are_found_and_shrunk(shop):
    shop.write(
        SEARCH
        + """
few = {"max_examples": 60, "max_time": 20}


@pytest.mark.server(shop)
def test_numbers(load):
    found = load.slowest("/list", params={"page": st.integers(1, 50), "page_size": st.integers(1, 10_000)}, **few)
    assert found.request.params["page_size"] > 5000 and found.request.params["page"] == 1
    assert found.latency.value > 0.02 and found.stands_out


@pytest.mark.server(shop)
def test_terms(load):
    found = load.slowest("/search", params=st.fixed_dictionaries({"q": st.text("abc%", max_size=8)}), **few)
    assert "%" in found.request.params["q"] and found.latency.value > 0.02


@pytest.mark.server(shop)
def test_bodies(load):
    bodies = st.fixed_dictionaries({"mode": st.sampled_from(["a", "b", "deep"]), "all": st.booleans()})
    found = load.slowest("/report", json=bodies, **few)
    assert found.request.json == {"mode": "deep", "all": True} and found.request.method == "POST"
"""
    )
    shop.run("--asyncbench-seed=1").assert_outcomes(passed=3)


def test_a_limit_fails_with_a_request_that_can_be_pasted(shop):
    shop.write(
        SEARCH
        + """
@pytest.mark.server(shop)
def test_it(load):
    paths = st.builds(request, st.just("GET"), st.sampled_from(["/", "/a", "/slow"]))
    load.slowest(paths, limit="5ms", max_examples=10)
"""
    )
    result = shop.run(
        "--asyncbench-json=out.json", "--asyncbench-markdown=out.md", "--asyncbench-html=out.html"
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*FAIL p50 <= 5.00 ms: *request(\"GET\", '/slow')*"])
    for name in ("out.json", "out.md", "out.html"):
        assert "slowest" in (shop.path / name).read_text()
