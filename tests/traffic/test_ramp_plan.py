"""The words of load.ramp."""

from __future__ import annotations

import pytest

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.traffic.ramp_plan import DURATION, ramp_plan
from pytest_asyncbench.traffic.requests import request


def plan(defaults=None, **words):
    return ramp_plan("load.ramp('/')", [request("GET", "/")], words, defaults or {})


def test_each_plateau_is_about_twice_the_one_before():
    assert plan(users=(1, 16)).loads == (1, 2, 4, 8, 16)
    assert plan(users=(1, 400)).loads == (1, 2, 4, 7, 14, 28, 54, 106, 206, 400)
    assert plan(users=(3, 4)).loads == (3, 4), "whole users, each once"


def test_steps_are_a_number_or_the_users_themselves():
    assert plan(users=(1, 100), steps=3).loads == (1, 10, 100)
    assert plan(users=(1, 100), steps=[1, 5, 90]).loads == (1, 5, 90)


def test_a_plateau_is_a_load_plan():
    ramp = plan(users=(1, 16), duration="2s", think_time=1, timeout=3, name="up")
    first = ramp.first
    assert (first.users, first.duration, first.think_time, first.timeout) == (1, 2.0, 1.0, 3.0)
    assert ramp.at(8, warmup=0.0).users == 8
    assert (ramp.at(8).name, ramp.repeats, ramp.middle) == ("up", 1, 4)
    assert (ramp.told(1), ramp.told(16)) == ("1 user", "16 users")


def test_options_are_its_defaults_but_for_rounds():
    assert plan(users=(1, 4)).first.duration == DURATION
    ramp = plan({"duration": 1.0, "slot": 0.2, "rounds": 8}, users=(1, 4))
    assert (ramp.first.duration, ramp.first.slot, ramp.first.rounds) == (1.0, 0.2, None)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({}, r"say from where to where: users=\(1, 400\)"),
        ({"users": (1, 4), "rate": (1, 4)}, "say from where to where"),
        ({"users": 64}, r"users=64: write the lowest and the highest: users=\(1, 400\)"),
        ({"users": "14"}, "write the lowest and the highest"),
        ({"users": (1, 2, 3)}, "write the lowest and the highest"),
        ({"users": (0, 4)}, "users are whole numbers from 1 up"),
        ({"users": (1, 4.5)}, "users are whole numbers from 1 up"),
        ({"users": (True, 4)}, "users are whole numbers from 1 up"),
        ({"users": (4, 4)}, "the highest must be above the lowest"),
        ({"users": (1, 4), "steps": 1}, "write a number of plateaus from 2 to 100"),
        ({"users": (1, 4), "steps": "2"}, "write a number of plateaus from 2 to 100"),
        ({"users": (1, 4), "steps": [4, 1]}, "in ascending order from 1 to 4"),
        ({"users": (1, 4), "steps": [1, 8]}, "in ascending order from 1 to 4"),
        ({"users": (1, 4), "steps": [1, "x"]}, "users are whole numbers"),
        ({"users": (1, 4), "repeats": 0}, "how often the whole ramp is done"),
        ({"users": (1, 4), "repeats": "6"}, "how often the whole ramp is done"),
        ({"users": (1, 4), "rounds": 12}, "a ramp has no rounds; it has duration"),
        ({"users": (1, 4), "duration": 0}, "it must be longer than zero"),
        ({"users": (1, 400), "duration": 60}, "needs 605 s and more: 10 plateaus of 60 s; max_time is 300 s"),
        ({"users": (1, 16), "repeats": 30, "duration": 2}, "5 plateaus of 2 s, 30 times"),
    ],
)
def test_what_cannot_be_meant(words, why):
    with pytest.raises(SpecError, match=rf"^load\.ramp\('/'\).*{why}"):
        plan(**words)


def test_rates():
    assert plan(rate=(10, 40)).loads == (10, 20, 40)
    with pytest.raises(SpecError, match="rates are numbers above zero"):
        plan(rate=(0, 10))
