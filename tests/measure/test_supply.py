"""Requests made ahead: how many, which, and what is said when there are too few."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.measure import supply
from pytest_asyncbench.measure.supply import FIRST, Supply, SupplyEnded
from pytest_asyncbench.traffic import source
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.plan import Burst, ClosedSlot, OpenSlot, Target
from pytest_asyncbench.traffic.requests import request
from pytest_asyncbench.traffic.source import Source

SLOT = ClosedSlot(Target("h", 1), (), 2, 0.5)
UNIQUE = request("POST", "/", json=lambda i: i)


class Taker:
    """An agent that sends `number` requests of each slot in a second."""

    def __init__(self, make_samples, number):
        self.make_samples = make_samples
        self.number = number
        self.given = []

    def __call__(self, slot):
        self.given.append([item.data.rpartition(b"\r\n\r\n")[2] for item in slot.requests])
        used = min(self.number, len(slot.requests))
        return replace(
            self.make_samples(),
            used=(used,),
            ran_out=used < self.number,
            started=0.0,
            closed=0.9,
            ended=1.0,
        )


def supplied(plan, until=None):
    return Supply(plan, 1, time.monotonic() + 60 if until is None else until)


def stream(items: Iterator[object]) -> LoadPlan:
    return LoadPlan((), stream=items)


def test_nothing_is_sent_twice_and_nothing_is_left_out(make_samples):
    taker, filled = Taker(make_samples, 700), supplied(LoadPlan((UNIQUE,)))
    for number in range(4):
        filled.run(taker, "ab"[number % 2], "h:1", SLOT)
    sent = [int(body) for given in taker.given for body in given[:700]]
    assert sent == list(range(2800))
    assert len(taker.given[0]) == FIRST
    assert 700 < len(taker.given[2]) < 4000  # twice what the pace needs


@given(st.lists(st.lists(st.integers(0, 40), min_size=1, max_size=4), max_size=8))
def test_what_several_agents_sent_is_each_request_once(slots):
    """Each agent has sent the first ones of those dealt to it; all others come again, in their order."""
    made, sent = Source(LoadPlan((UNIQUE,)), 1), []
    for used in slots:
        stock = made.stock("h", 40 * len(used), time.monotonic() + 9)
        dealt = [stock[index :: len(used)].data[:count] for index, count in enumerate(used)]
        sent += [int(data.rpartition(b"\r\n\r\n")[2]) for part in dealt for data in part]
        made.spend(tuple(used))
    rest = [int(data.rpartition(b"\r\n\r\n")[2]) for data in made.stock("h", 400, time.monotonic() + 9).data]
    assert sorted(sent + rest) == list(range(len(sent) + len(rest)))
    assert rest == sorted(rest)


@pytest.mark.parametrize("rate", [1.0, 500.0])
def test_an_open_loop_has_what_its_rate_needs(make_samples, rate):
    taker = Taker(make_samples, 0)
    supplied(LoadPlan((UNIQUE,))).run(taker, "a", "h:1", OpenSlot(Target("h", 1), (), rate, 0.5))
    assert rate < len(taker.given[0]) < 4 * rate + 50


def test_a_host_for_each_variant():
    made = Source(LoadPlan((UNIQUE,)), 1)
    first, second = (made.stock(host, 1, time.monotonic() + 9)[0].data for host in ("one:1", "two:2"))
    assert b"Host: one:1\r\n" in first
    assert b"Host: two:2\r\n" in second
    assert first.endswith(b"\r\n\r\n0")
    assert second.endswith(b"\r\n\r\n0")  # none was sent yet


def test_the_end_of_an_iterator(make_samples):
    filled = supplied(stream(request("GET", f"/{i}") for i in range(1000)))
    result = filled.run(Taker(make_samples, 600), "a", "h:1", SLOT)
    assert not filled.is_short(result)
    result = filled.run(Taker(make_samples, 600), "a", "h:1", SLOT)
    assert (filled.is_short(result), result.used) == (True, (400,))
    with pytest.raises(SupplyEnded, match="the iterator ended after 1000 requests"):
        filled.run(Taker(make_samples, 600), "a", "h:1", SLOT)


def test_too_few_are_said(make_samples, monkeypatch):
    monkeypatch.setattr(source, "MOST_REQUESTS", 50)
    filled = supplied(LoadPlan((UNIQUE,)))
    result = filled.run(Taker(make_samples, 60), "a", "h:1", SLOT)
    assert not filled.is_short(result)
    assert filled.shortfall("a", result).startswith("a: the 50 requests made ahead of a slot did not suffice")
    assert filled.shortfall("a", replace(result, ran_out=False)) == ""


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(source, "MOST_BYTES", 100_000)
    big = LoadPlan((request("POST", "/", content=lambda i: b"x" * 10_000),))
    assert len(Source(big, 1).stock("h", 5000, time.monotonic() + 9)) == 10


def test_slow_making_ends_with_the_time_and_is_said(make_samples, monkeypatch):
    def slowly():
        for i in itertools.count():
            time.sleep(0.02)
            yield request("GET", f"/{i}")

    filled = supplied(stream(slowly()), until=time.monotonic() + 0.3)
    with pytest.raises(SupplyEnded, match=r"max_time was over while requests were made \(\d+ so far\)"):
        filled.run(Taker(make_samples, 1), "a", "h:1", SLOT)
    assert filled.notes() == []  # less than a second is not worth a line
    filled._sources[""].seconds = 5.0
    assert filled.notes() == [
        "making the requests took 5.0 s, longer than the 0.0 s of load that they were made for; it is not measured"
    ]


def test_a_burst_has_what_it_sends(make_samples):
    taker = Taker(make_samples, 1)
    supplied(LoadPlan((UNIQUE,))).run(taker, "a", "h:1", Burst(Target("h", 1), (), 1, 3))
    assert len(taker.given[0]) == 3


def test_what_is_not_made_ahead_goes_as_it_is(make_samples):
    mixed = supplied(LoadPlan((request("GET", "/a"), request("GET", "/b")), weights=(2, 1)))
    slots = []
    mixed.run(lambda slot: slots.append(slot) or make_samples(), "a", "h:1", SLOT)
    assert slots[0].order == supply.Order((2, 1), 1)
    supplied(LoadPlan((request("GET", "/a"),))).run(
        lambda slot: slots.append(slot) or make_samples(), "a", "h", SLOT
    )
    assert slots[1] is SLOT


@pytest.mark.parametrize("keepalive", [True, False])
def test_a_server_that_closes_is_told_to(keepalive):
    made = Source(LoadPlan((UNIQUE,)), 1).stock("h", 1, time.monotonic() + 9, keepalive=keepalive)
    assert (b"connection: close" in made[0].data.lower()) is not keepalive
