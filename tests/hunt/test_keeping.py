"""What counts as still slow while a request is made simpler."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.hunt.keeping import FEW, MANY, Keeping, numbers_of, traded
from pytest_asyncbench.hunt.trials import Trials
from pytest_asyncbench.traffic.requests import request

SLOWEST = 0.1


def path(name):
    return request("GET", f"/{name}")


@pytest.fixture
def keeping(server_of):
    """Makes the condition for a server on which each path takes its own share of the slowest request's latency."""

    def made(**shares):
        trials = Trials(server_of(lambda asked: SLOWEST * shares[asked.url[1:]]))
        return Keeping(trials, trials.of(path("slowest")), SLOWEST)

    return made


@pytest.mark.parametrize(
    ("share", "kept", "samples"),
    [
        (1.0, True, FEW),
        (0.9, True, MANY),
        (0.81, True, MANY),
        (0.7, False, MANY),
        (0.6, False, FEW),
        (0.4, False, 1),
    ],
)
def test_what_is_near_is_looked_at_more_often(keeping, share, kept, samples):
    condition = keeping(other=share)
    other = condition.trials.of(path("other"))
    assert condition(other) is kept
    assert condition.trials.requests == samples
    assert condition(other) is kept
    assert condition.trials.requests == samples, "an answer is given once"
    assert condition.simplest is (other if kept else condition.slowest)


def test_the_slowest_is_as_slow_as_itself_without_being_sent(keeping):
    condition = keeping()
    assert condition(condition.slowest)
    assert condition.trials.requests == 0


def test_numbers_that_matter_must_stay(server_of):
    trials = Trials(server_of(lambda asked: SLOWEST))
    asked = [request("GET", "/", params={"size": size, "page": 1}) for size in (900, 800)]
    slowest, smaller = map(trials.of, asked)
    condition = Keeping(trials, slowest, SLOWEST, {("params", "size"): 900})
    assert not condition(smaller)
    assert trials.requests == 0
    assert condition(trials.of(request("GET", "/", params={"size": 900})))


def test_an_error_is_not_slow(server_of):
    trials = Trials(server_of(lambda asked: "bad_status"))
    condition = Keeping(trials, trials.of(path("slowest")), SLOWEST)
    assert not condition(trials.of(path("other")))


def test_numbers_are_found_wherever_they_are():
    value = {"a": 1, "b": [2, {"c": 3.5}, True, "4"], "d": (None, 5)}
    assert dict(numbers_of(value)) == {("a",): 1, ("b", 0): 2, ("b", 1, "c"): 3.5, ("d", 1): 5}


@given(st.integers(1, 10**6), st.integers(0, 10**6))
def test_a_number_is_traded_if_it_is_less_than_before_and_not_gone(before, after):
    slowest = request("GET", "/", params={"n": before, "m": 1})
    found = traded(slowest, request("GET", "/", params={"n": after, "m": 1}))
    assert found == ({("params", "n"): before} if before / 3 <= after < before else {})
