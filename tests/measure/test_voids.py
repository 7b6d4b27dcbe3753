"""Rounds that do not count: by a rule that does not look at who was disturbed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_asyncbench.measure.voids import everywhere, is_hopeless, unrest, why_void
from pytest_asyncbench.measure.watching import SlotCounters

STARVED = (
    "the load agent did not keep up (users were in flight, connecting or thinking for 97.7% of their time"
)


@pytest.mark.parametrize(
    ("stolen", "throttled", "occupied", "why"),
    [
        (0.0, 0.0, 1.0, ""),
        (0.1, 0.1, 0.98, ""),
        (0.2, 0.0, 1.0, "the host took 20% of the CPU time away (steal)"),
        (0.0, 0.3, 1.0, "a CPU quota was used up in 30% of its periods (throttling)"),
        (0.0, 0.0, 0.977, STARVED),
    ],
)
def test_why_a_round_does_not_count(make_slot, stolen, throttled, occupied, why):
    calm = make_slot("a")
    counters = SlotCounters(0.8, 2, (), 1, 0, 0.5, stolen, throttled)
    other = replace(make_slot("b", occupied=occupied), counters=counters)
    assert why_void([calm, other]).startswith(why)
    assert bool(why_void([calm, other])) is bool(why)
    names_exchanged = [replace(calm, variant="b"), replace(other, variant="a")]
    assert why_void([calm, other]) == why_void([other, calm]) == why_void(names_exchanged)


def test_one_in_ten_may_be_void():
    assert unrest((), 0) == unrest(("steal",), 9) == unrest(("steal",) * 3, 27) == ""
    assert unrest(("steal",), 8).startswith(
        "the machine was not at rest: 1 of 9 rounds do not count, the last because steal; more than 10%"
    )


def test_now_and_then_is_not_everywhere():
    assert everywhere((STARVED,) * 2, 10) == ""
    assert everywhere((STARVED,) * 3, 3) == ""
    assert everywhere((STARVED, "steal", "steal"), 2) == "steal, and 3 of 5 rounds do not count"
    assert everywhere((STARVED,), 0).endswith("1 of 1 rounds do not count"), "a run of a single round"


def test_when_going_on_is_no_use():
    assert not is_hopeless(("steal",) * 3, 0)
    assert is_hopeless(("steal",) * 4, 3)
    assert not is_hopeless(("steal",) * 4, 4)
