"""`load.compare`: requests as variants of one server, in a user's test."""

from __future__ import annotations

import pytest

COMPARED = """
from pytest_asyncbench import mix, request

@pytest.mark.server(many)
@pytest.mark.ordering("fast", "slow", by="50%")
@pytest.mark.budget(errors=0)
def test_it(load):
    run = load.compare(fast=request("GET", "/"), slow=request("GET", "/slow"), users=2)
    assert run.variants == ("fast", "slow")
    assert run["slow"].mean.value > 0.02 > run["fast"].mean.value
    assert run.ratio("fast", "slow").value > 2
    assert run["fast"].ok > run["slow"].ok > 0

@pytest.mark.server(many)
def test_what_differs_and_mixes(load):
    run = load.compare(
        unique=request("POST", "/", json=lambda i: {"n": i}),
        mixed=mix({request("GET", "/", name="a"): 3, request("GET", "/slow", name="b"): 1}),
        users=2, duration=0.4,
    )
    assert list(run["mixed"].steps) == ["a", "b"]
    assert run["unique"].errors == 0
    assert load.get("/", users=1, duration=0.2).ok > run["unique"].ok + run["mixed"].ok

@pytest.mark.server(many)
def test_flows(load):
    async def once(client):
        await client.get("/")

    async def twice(client):
        await client.get("/slow")
        await client.get("/slow")

    run = load.compare(once=once, twice=twice, users=2, duration=0.6)
    assert run["once"].mean.value < 0.04 < run["twice"].mean.value
"""


def test_requests_are_variants(project):
    result = project.write(COMPARED).run()
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            "fast: GET /, slow: GET /slow with 2 users",
            "  fast     granian wsgi *",
            "  slow     granian wsgi *",
            "  PASS fast > slow in rps by more than 50 %: *",
        ]
    )


@pytest.mark.parametrize(
    ("call", "why"),
    [
        ("load.compare(a=request('GET', '/'))", "name two or more requests to compare*there is only a"),
        ("load.compare(users=3)", "name two or more requests to compare*there is none"),
        ("load.compare(a=request('GET', '/'), b=5)", "*b*5*no request*"),
        ("load.compare(a=request('GET', '/'), b=iter([]))", "b is an iterator, which is used up*"),
        ("load.compare(a=request('GET', '/'), b=lambda c: None)", "*a flow is an async function*"),
    ],
)
def test_what_cannot_be_compared(project, call, why):
    project.write(
        f"from pytest_asyncbench import request\n@pytest.mark.server(many)\ndef test_it(load):\n    {call}\n"
    )
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"*SpecError: load.compare(...)*{why}"])


def test_only_one_server(project):
    body = "load.compare(a=request('GET', '/'), b=request('GET', '/'))"
    project.write(f"from pytest_asyncbench import request\n@both\ndef test_it(load):\n    {body}\n")
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*load.compare is about requests to one server*many, one*"])


def test_a_statement_about_what_was_never_compared(project):
    project.write("""
from pytest_asyncbench import request

@pytest.mark.server(many)
@pytest.mark.ordering("new", "old")
def test_it(load):
    load.compare(new=request("GET", "/"), other=request("GET", "/"), duration=0.2)
""")
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*INVALID: new > old in rps*no load call compared 'old'*"])


def test_without_compare_unknown_names_are_an_error_before_anything_starts(project):
    project.write("""
@pytest.mark.server(many)
@pytest.mark.ordering("new", "old")
def test_it(load):
    load.get("/", duration=0.2)
""")
    result = project.run()
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*ordering: no variant 'new'; the variants are server"])
