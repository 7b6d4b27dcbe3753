"""A killed server, fast errors, an empty slot: INVALID whenever it happens, never INCONCLUSIVE, never PASS."""

from __future__ import annotations

import pytest

from pytest_asyncbench.marks import Mark, statements
from pytest_asyncbench.measure.progress import Progress
from pytest_asyncbench.servers.factories import granian
from pytest_asyncbench.testcase import Settings, TestCase
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.requests import request

SPEC = granian("app:wsgi", interface="wsgi", threads=4)
MARKS = {
    "ordering": [Mark("ordering", ("a", "b"), {}, 0)],
    "tie": [Mark("tie", ("a", "b"), {"metric": "p50"}, 0)],
    "budget": [Mark("budget", (), {"rps": 1}, 0)],
}
SLOTS = 2 * (4 + 1 + 8)
"""Warm-up, the dropped round and eight rounds, of two variants."""


def outcome(agent, stage, stated):
    """What a test of two variants came to."""
    case = TestCase(
        "t",
        dict.fromkeys("ab", SPEC),
        statements(MARKS[stated], "ab"),
        Settings({}, seed=7, launch_allowance=1.0),
        stage,
        lambda *_: Progress(),
    )
    case.fire(LoadPlan((request("GET", "/"),)))
    return case.outcome()


@pytest.mark.parametrize("stated", MARKS)
@pytest.mark.parametrize("moment", range(1, 21))
@pytest.mark.parametrize("what", ["killed", "fast 500s", "empty slot"])
def test_whenever_it_happens(fake_agent, make_stage, what, moment, stated):
    after = moment * SLOTS // 22
    special = {"killed": {}, "fast 500s": {"count": 50, "failed": 50}, "empty slot": {"count": 0}}[what]
    agent = fake_agent(dict.fromkeys(range(after, 99), special) if special else None, a=100.0, b=50.0)

    def died(name):
        return (
            "b was killed by signal 9"
            if what == "killed" and len(agent.plans) > after and name == "b"
            else None
        )

    assert outcome(agent, make_stage(agent, agent.ports, died=died), stated) == "INVALID"


def test_without_any_of_it_the_same_is_judged(fake_agent, make_stage):
    for stated in ("ordering", "budget"):
        agent = fake_agent(a=100.0, b=50.0)
        assert outcome(agent, make_stage(agent, agent.ports), stated) == "PASS"
