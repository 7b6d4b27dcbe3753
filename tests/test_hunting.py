"""The live path of `load.slowest`, without a server: what is refused, and what Hypothesis keeps."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.database import InMemoryExampleDatabase

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.hunt.corpus import Corpus
from pytest_asyncbench.hunting import hunt_slowest
from pytest_asyncbench.servers.factories import granian
from pytest_asyncbench.testcase import Settings, TestCase
from pytest_asyncbench.traffic.slowest_plan import slowest_plan
from pytest_asyncbench.verdict.statements import Budget, SinceBaseline

SPEC = granian("app:wsgi", interface="wsgi", threads=4)


@pytest.mark.parametrize(
    ("names", "statement", "why"),
    [
        (("a", "b"), Budget("p95", 1), r"about one server, and the test has several \(a, b\)"),
        (("a",), Budget("rps", 300, at_least=True), r"budget\(rps=...\) is about a server under load"),
        (("a",), Budget("cpu_per_request", 1), r"budget\(cpu_per_request=...\) is about a server under load"),
        (("a",), SinceBaseline(), "a hunt may find another request each time"),
    ],
)
def test_what_a_hunt_cannot_keep_is_refused(names, statement, why):
    case = TestCase("t", dict.fromkeys(names, SPEC), [statement], Settings({}), None, None)
    with pytest.raises(SpecError, match=why):
        hunt_slowest(case, slowest_plan("load.slowest(...)", st.just("/"), {}, {}))


def test_what_was_found_is_kept_for_the_next_run_in_the_database_of_the_profile():
    database = InMemoryExampleDatabase()
    settings.register_profile(
        "kept", settings.get_profile("same everywhere"), derandomize=False, database=database
    )
    settings.load_profile("kept")
    try:
        Corpus("a test").replace(frozenset({b"old", b"same"}))
        Corpus("a test").replace(frozenset({b"new", b"same"}))
        assert Corpus("a test").fetch() == {b"new", b"same"}
        assert Corpus("another").fetch() == frozenset()
    finally:
        settings.load_profile("same everywhere")
    Corpus("a test").replace(frozenset({b"x"}))
    assert Corpus("a test").fetch() == frozenset(), "a profile without a database keeps nothing"
