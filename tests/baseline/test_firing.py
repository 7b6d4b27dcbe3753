"""A load call of a test whose server runs as it was, too: synthetic slots, everything else is real."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from pytest_asyncbench.baseline.counterparts import Counterparts
from pytest_asyncbench.baseline.revision import Revision
from pytest_asyncbench.errors import ServerDied
from pytest_asyncbench.marks import Mark, statements
from pytest_asyncbench.measure.progress import Progress
from pytest_asyncbench.servers.factories import granian
from pytest_asyncbench.testcase import Settings, TestCase
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.requests import request

SPEC = granian("app:wsgi", interface="wsgi", threads=4)
REVISION = Revision("main", "0123456789", "Subject", Path("/c"), Path("/c"), Path(), Path("/c/.git"))


@pytest.fixture
def case_of(fake_agent, make_stage):
    """A test of one server, with the rate of the one of now and that of main."""

    def made(new: float, old: float, *marks: Mark, breaks_after=math.inf, relaunch=None) -> TestCase:
        agent = fake_agent(**{"server": new, "server@main": old})
        run = agent.run

        def breaking(plan):
            if plan.target.port == agent.ports["server@main"] and len(agent.plans) > breaks_after:
                agent.special[len(agent.plans)] = {"failed": 50, "count": 50}
            return run(plan)

        agent.run = breaking
        specs = {"server": SPEC}

        def old_stage(name: str, spec: object) -> Any:
            return make_stage(agent, {name: agent.ports[name]}, relaunch=relaunch)

        found = Counterparts(REVISION, specs, old_stage)
        return TestCase(
            "t",
            specs,
            statements(marks, specs),
            Settings({}, seed=7),
            make_stage(agent, {"server": agent.ports["server"]}),
            lambda *_: Progress(),
            counterparts=found,
        )

    return made


GUARD = Mark("no_regression", (), {"metric": "rps", "within": "10%"}, 0)
BUDGET = Mark("budget", (), {"rps": 80}, 0)
PLAN = LoadPlan((request("GET", "/"),), warmup=0.0)


def told(case: TestCase) -> list[tuple[str, str]]:
    return [(str(item.statement), item.outcome) for item in case.told()]


def test_slower_than_main_and_what_else_is_stated_is_about_the_head(case_of):
    case = case_of(70.0, 100.0, GUARD, BUDGET)
    run = case.fire(PLAN)
    assert told(case) == [
        ("server is not worse than server@main in rps by 10 %", "FAIL"),
        ("rps >= 80", "FAIL"),
    ]
    assert run.rps.value == pytest.approx(70)
    assert run["server@main"].rps.value == pytest.approx(100)
    assert run.ratio("server", "server@main").value == pytest.approx(0.7)
    assert "confirmed on 1 fresh launch" in case.told()[0].why


def test_main_breaks_no_budget(case_of):
    case = case_of(100.0, 50.0, GUARD, BUDGET)
    case.fire(PLAN)
    assert [outcome for _, outcome in told(case)] == ["PASS", "PASS"]


def test_main_fails_in_between_and_the_head_is_measured_again_alone(case_of):
    case = case_of(100.0, 100.0, GUARD, BUDGET, breaks_after=12)
    run = case.fire(PLAN)
    assert told(case) == [("rps >= 80", "PASS")]
    assert run.variants == ("server",)
    [note] = [note for note in run.evidence.notes if "not comparable" in note]
    assert note.startswith("server@main: not comparable: 50 of ")
    assert run.ok > run.evidence.ok("server"), "what was answered before counts, too"


def test_main_does_not_start_again(case_of):
    def relaunch():
        raise ServerDied("no port")

    case = case_of(70.0, 100.0, GUARD, Mark("budget", (), {"rps": 50}, 0), relaunch=relaunch)
    run = case.fire(PLAN)
    assert told(case) == [("rps >= 50", "PASS")]
    assert run.variants == ("server",)
    assert "server@main: not comparable: no port" in run.evidence.notes
    assert run.ok == sum(case.ok[name] for name in ["server"])
