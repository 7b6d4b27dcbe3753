"""What `load.slowest` asks for, checked."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from pytest_asyncbench.errors import MissingHypothesis, SpecError
from pytest_asyncbench.traffic import slowest_plan as module
from pytest_asyncbench.traffic.slowest_plan import slowest_plan

PATHS = st.sampled_from(["/a", "/b"])


def plan(defaults=(), in_given=False, **words):
    return slowest_plan("load.slowest(...)", PATHS, words, dict(defaults), in_given=in_given)


def test_everything_is_bounded_by_default():
    found = plan()
    assert (found.max_examples, found.max_requests, found.load.max_time, found.limit) == (
        200,
        4000,
        60.0,
        None,
    )
    assert plan(in_given=True).max_examples == 20
    assert plan(max_examples=7).max_requests == 140
    assert plan({"max_time": 300.0}).load.max_time == 60.0
    assert plan({"max_time": 10.0}).load.max_time == 10.0
    assert plan({"max_time": 10.0}, max_time="2m").load.max_time == 120.0
    assert (plan().patience, plan(timeout=2).patience) == (6.0, 2.0)
    assert plan(limit="250ms").limit == 0.25


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"users": 3}, "has no users: it sends one request at a time"),
        ({"rate": 3}, "has no rate"),
        ({"nonsense": 3}, "has no keyword 'nonsense'; it has limit, max_examples"),
        ({"max_examples": 0}, "max_examples=0: it is a whole number from 1 up"),
        ({"max_requests": 1.5}, "max_requests=1.5"),
        ({"limit": 0}, "limit=0: no answer takes less"),
        ({"limit": "soon"}, "limit"),
    ],
)
def test_what_cannot_be_meant_is_refused(words, why):
    with pytest.raises(SpecError, match=why):
        plan(**words)


def test_without_hypothesis_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(MissingHypothesis, match=r"pip install 'pytest-asyncbench\[slowest\]'"):
        plan()
