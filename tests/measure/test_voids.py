"""Rounds that do not count: by a rule that does not look at who was disturbed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_asyncbench.measure import machine
from pytest_asyncbench.measure.machine import Disturbance, MachineTimes, between, parsed
from pytest_asyncbench.measure.voids import is_hopeless, starved_everywhere, unrest, why_void

STOLEN = Disturbance(stolen=0.2)
STOPPED = Disturbance(stopped=0.3)
STARVED = (
    "the load agent did not keep up (users were in flight, connecting or thinking for 97.7% of their time"
)


@pytest.mark.parametrize(
    ("disturbance", "occupied", "why"),
    [
        (None, 1.0, ""),
        (Disturbance(0.1, 0.1), 0.98, ""),
        (STOLEN, 1.0, "the host took 20% of the CPU time away (steal)"),
        (STOPPED, 1.0, "a CPU limit stopped everything for 30% of the time (throttling)"),
        (None, 0.977, STARVED),
    ],
)
def test_why_a_round_does_not_count(make_slot, disturbance, occupied, why):
    calm = make_slot("a")
    other = replace(make_slot("b", occupied=occupied), disturbance=disturbance)
    assert why_void([calm, other]).startswith(why)
    assert bool(why_void([calm, other])) is bool(why)
    names_exchanged = [replace(calm, variant="b"), replace(other, variant="a")]
    assert why_void([calm, other]) == why_void([other, calm]) == why_void(names_exchanged)


def test_one_in_ten_may_be_void():
    assert unrest((), 0) == unrest(("steal",), 9) == unrest(("steal",) * 3, 27) == ""
    assert unrest(("steal",), 8).startswith(
        "the machine was not at rest: 1 of 9 rounds do not count, the last because steal; more than 10%"
    )


def test_starved_now_and_then_is_not_everywhere():
    assert starved_everywhere((STARVED,) * 2, 10) == ""
    assert starved_everywhere((STARVED,) * 3, 3) == ""
    assert starved_everywhere((STARVED,) * 3, 2).endswith("in 3 of 5 rounds")
    assert starved_everywhere((STARVED,), 0).endswith("in 1 of 1 rounds"), "a run of a single round"
    assert starved_everywhere(("steal",) * 9, 0) == ""


def test_when_going_on_is_no_use():
    assert not is_hopeless(("steal",) * 3, 0)
    assert is_hopeless(("steal",) * 4, 3)
    assert not is_hopeless(("steal",) * 4, 4)


def test_readings_of_the_machine():
    before = parsed("cpu  10 0 10 70 0 0 0 10 5 5\ncpu0 1", "nr_throttled 3\nthrottled_usec 500000", 1.0)
    after = parsed("cpu  20 0 20 120 0 0 0 40 9 9\ncpu0 1", "nr_throttled 4\nthrottled_usec 1000000", 3.0)
    assert (before.ticks, before.stolen, before.stopped) == (100, 10, 0.5)
    assert between(before, after) == Disturbance(0.3, 0.25)
    assert parsed("", "throttled_time 2000000000", 1.0).stopped == 2.0
    assert between(MachineTimes(), MachineTimes()) == Disturbance()


def test_this_machine_can_be_read(monkeypatch, tmp_path):
    now = machine.read_machine()
    assert 0 <= now.stolen <= now.ticks
    monkeypatch.setattr(machine, "STAT", tmp_path / "none")
    assert machine.read_machine().ticks == 0
    monkeypatch.setattr(machine.sys, "platform", "darwin")
    assert machine.read_machine() == MachineTimes()
