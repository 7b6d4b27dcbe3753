"""The words of a load call, checked before anything is sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.traffic.load_plan import WORDS, LoadPlan, load_plan, split_keywords
from pytest_asyncbench.traffic.requests import KEYWORDS, request

CALL = "load.get('/')"
REQUESTS = (request("GET", "/"),)


def plan(defaults: dict[str, object] | None = None, **words: object) -> LoadPlan:
    return load_plan(CALL, REQUESTS, words, defaults or {})


def test_the_defaults():
    made = plan()
    assert (made.users, made.duration, made.slot, made.rounds, made.max_time) == (1, None, 0.5, None, 300.0)
    assert (made.timeout, made.think_time, made.keepalive, made.warmup) == (30.0, 0.0, True, None)
    assert {200, 204, 299} <= made.expect
    assert not {199, 302, 404, 500} & made.expect
    assert made.label == "GET /"


def test_words_come_before_options_and_none_asks_for_the_default():
    made = plan({"slot": 2.0, "warmup": 1.0, "rounds": None}, slot="250ms", warmup=None, users=64, name="x")
    assert (made.slot, made.warmup, made.users, made.rounds, made.label) == (0.25, None, 64, None, "x")


@given(st.integers(1, 10**5), st.floats(0.001, 1e4), st.sampled_from([8, 12, 18, 30]))
def test_good_words_are_kept(users, time, rounds):
    made = plan(
        users=users, duration=time, slot=time, think_time=time, timeout=time, max_time=time, rounds=rounds
    )
    assert (made.users, made.rounds) == (users, rounds)
    assert {made.duration, made.slot, made.think_time, made.timeout, made.max_time} == {time}


@pytest.mark.parametrize(
    ("expect", "statuses"),
    [(404, {404}), ({200, 304}, {200, 304}), ([200], {200}), (range(200, 202), {200, 201})],
)
def test_expected_statuses(expect, statuses):
    assert plan(expect=expect).expect == statuses


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"users": 0}, "users=0: users are a whole number from 1 up"),
        ({"users": 1.5}, "users=1.5: users are a whole number"),
        ({"users": True}, "users are a whole number"),
        ({"duration": "soon"}, "duration: 'soon' is no time"),
        ({"duration": 0}, "duration=0: it must be longer than zero"),
        ({"slot": "0s"}, "slot='0s': it must be longer than zero"),
        ({"timeout": 0}, "timeout=0: it must be longer than zero"),
        ({"max_time": -1}, "max_time: -1 is no time"),
        ({"rounds": 10}, "rounds=10: the rule looks after 8, 12, 18, 30 rounds; write one of them"),
        ({"rounds": 8.0}, "rounds=8.0: the rule looks after"),
        ({"rounds": "8"}, "rounds='8': the rule looks after"),
        ({"expect": "200"}, "expect='200': write a status such as 201, or a set of them"),
        ({"expect": []}, r"expect=\[\]: write a status"),
        ({"expect": {200, 99}}, "write a status"),
        ({"expect": [[200]]}, "write a status"),
        ({"expect": True}, "write a status"),
        ({"rate": 0}, "rate=0: a rate is a number of starts per second, from 1 up"),
        ({"rate": "200"}, "rate='200': a rate is a number"),
        ({"rate": float("inf")}, "rate=inf: a rate is a number"),
        ({"rate": 200, "users": 8}, "rate and users exclude each other"),
        ({"rate": 200, "think_time": 1}, "rate and think_time exclude each other"),
        ({"rate": 200, "arrivals": "random"}, "arrivals='random': write 'constant' or 'poisson'"),
        ({"rate": 200, "max_in_flight": 0}, "max_in_flight=0: it is a whole number of requests, from 1 up"),
        ({"rate": 200, "max_in_flight": 1.5}, "max_in_flight=1.5: it is a whole number"),
        (
            {"arrivals": "poisson", "max_in_flight": 8},
            "arrivals and max_in_flight belong to an open loop; add rate=",
        ),
        ({"think_time": (2, 1)}, r"think_time=\(2, 1\): the shorter time comes first"),
        ({"keepalive": 1}, "keepalive=1: write True or False"),
        ({"name": ""}, "name='': a name is a text"),
        ({"name": 5}, "name=5: a name is a text"),
    ],
)
def test_what_cannot_be_meant_is_refused(words, why):
    with pytest.raises(SpecError, match=rf"^load\.get\('/'\): .*{why}"):
        plan(**words)


def test_no_warm_up_and_no_think_time_are_fine():
    made = plan(warmup=0, think_time="0s")
    assert (made.warmup, made.think_time) == (0.0, 0.0)


def test_an_open_loop():
    made = plan(rate=200)
    assert (made.rate, made.arrivals, made.max_in_flight) == (200.0, "constant", 1000)
    made = plan(rate=0.5e3, arrivals="poisson", max_in_flight=8, users=None)
    assert (made.rate, made.arrivals, made.max_in_flight) == (500.0, "poisson", 8)


def test_keywords_are_told_apart():
    given_words = {"users": 8, "json": {"n": 1}, "timeout": 1, "headers": {}}
    assert split_keywords(CALL, given_words) == (
        {"json": {"n": 1}, "headers": {}},
        {"users": 8, "timeout": 1},
    )
    assert not set(WORDS) & set(KEYWORDS)
    with pytest.raises(SpecError, match=r"^load\.get\('/'\) has no keyword 'user'; it has users, "):
        split_keywords(CALL, {"user": 8})
