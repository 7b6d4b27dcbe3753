"""A ramp on a server of known speed, in no time: what is sent, where it ends, what is judged and shown."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_asyncbench import ramping
from pytest_asyncbench.errors import AgentLost, Inconclusive, SpecError, UnknownValue
from pytest_asyncbench.marks import Mark, statements
from pytest_asyncbench.measure import sampling
from pytest_asyncbench.measure.progress import Progress
from pytest_asyncbench.ramping import fire_ramp
from pytest_asyncbench.report.text import explain, reason
from pytest_asyncbench.servers.factories import granian
from pytest_asyncbench.testcase import Settings, TestCase
from pytest_asyncbench.traffic.ramp_plan import ramp_plan
from pytest_asyncbench.traffic.requests import request

SPEC = granian("app:wsgi", interface="wsgi", threads=4)


@dataclass
class Server:
    """An agent and a server in one: `most` answers per second, each of which takes `response` alone.

    From `cliff` users on `failed` of 100 requests fail; `special(n, plan)` answers the n-th plan in another way.
    """

    make: Callable[..., Any]
    response: float = 0.05
    most: float = 80.0
    cliff: int = 10**6
    failed: int = 20
    special: Callable[[int, Any], dict[str, Any]] = lambda n, plan: {}
    plans: list[Any] = field(default_factory=list)
    now: float = 1000.0

    def run(self, plan: Any) -> Any:
        self.plans.append(plan)
        window = getattr(plan, "window", 0.0)
        self.now += window + 0.3
        rps = min(plan.users / self.response, self.most)
        failed = self.failed if plan.users >= self.cliff else 0
        words = {"rps": rps, "users": plan.users, "count": 100, "failed": failed, "window": window}
        return self.make(**{**words, **self.special(len(self.plans), plan)})

    @property
    def users(self) -> list[int]:
        """Users of the plateaus in their order, each once; the warm-up comes first."""
        found = [plan.users for plan in self.plans]
        return [n for n, before in zip(found, [None, *found], strict=False) if n != before]


@pytest.fixture
def climbed(make_samples, make_stage, monkeypatch):
    """Climbs a ramp; gives the ramp, the test's state, and the server."""

    def go(
        *marks: Mark, settings: Settings | None = None, server=None, specs=None, ends=math.inf, **words: Any
    ):
        agent = Server(make_samples, **(server or {}))
        for module in (sampling, ramping):
            monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: agent.now))
        stage = make_stage(agent, {"server": 1}, surroundings=("PostgreSQL 18",))
        specs = specs or {"server": SPEC}
        case = TestCase(
            "t",
            specs,
            statements(marks, tuple(specs)),
            settings or Settings({}, seed=7),
            stage,
            lambda *_: Progress(),
            ends=ends,
        )
        given = {"users": (1, 32), "duration": 1.0, **words}
        ramp = fire_ramp(case, ramp_plan("load.ramp('/')", [request("GET", "/")], given, {}))
        return SimpleNamespace(ramp=ramp, case=case, server=agent)

    return go


def mark(**kwargs: object) -> Mark:
    return Mark("budget", (), kwargs, 0)


def test_the_knee_of_a_server_of_four_threads(climbed):
    found = climbed()
    ramp = found.ramp
    assert found.server.users == [4, 1, 2, 4, 8, 16, 32, 1], (
        "warm-up in the middle; the lowest again at the end"
    )
    assert ramp.loads == (1, 2, 4, 8, 16, 32)
    assert [float(step.rps) for step in ramp.steps] == pytest.approx([20, 40, 80, 80, 80, 80])
    assert [len(step.evidence.rounds) for step in ramp.steps] == [2] * 6
    assert (ramp.knee.value, ramp.knee.kneedle, ramp.knee.unit) == (pytest.approx(4.0), 4, "users")
    with pytest.raises(UnknownValue, match=r"^no cliff up to 32 users$"):
        _ = ramp.cliff
    with pytest.raises(UnknownValue, match="the test has no latency budget"):
        _ = ramp.slo_limit
    assert (found.case.outcome(), found.case.told()) == ("PASS", [])
    assert list(ramp.known()) == ["knee"]
    assert "no hysteresis" in ramp.notes[0]
    assert "GET / at 16 users" in found.case.records[0].runs


def test_it_ends_at_the_cliff_which_is_seen_twice_and_fails_nothing(climbed):
    found = climbed(server={"cliff": 16})
    ramp = found.ramp
    assert found.server.users == [4, 1, 2, 4, 8, 16, 1]
    assert (ramp.cliff.value, ramp.cliff.low, ramp.cliff.high) == (16, 8, 16)
    assert ramp.knee.value == pytest.approx(4.0)
    assert len(ramp.steps[-1].evidence.rounds) == 4, "measured twice"
    assert ramp.cliff > ramp.knee.value
    assert found.case.outcome() == "PASS"
    assert ramp.steps[-1].errors == 0.2


def test_errors_below_the_cliff_count(climbed):
    def once(number, plan):
        return {"failed": 3} if plan.users == 8 and number < 17 else {}

    found = climbed(server={"special": once})
    assert found.ramp.loads[-1] == 32, "one bad moment is no cliff"
    assert "at 8 users requests failed, and did not when it was measured again" in found.ramp.notes[0]
    assert found.case.outcome() == "FAIL"
    assert "of 1400 requests were not ok" in reason(found.case)


def test_a_server_that_fails_from_the_first_user_on_fails_the_test(climbed):
    found = climbed(server={"cliff": 1, "failed": 100})
    assert found.case.outcome() == "FAIL"
    assert (found.ramp.cliff.value, found.ramp.cliff.low) == (1, 0)
    with pytest.raises(UnknownValue, match="three plateaus"):
        _ = found.ramp.knee


def test_more_errors_are_allowed_by_a_budget(climbed):
    found = climbed(mark(errors="25%"), server={"cliff": 16})
    assert found.ramp.loads[-1] == 32
    assert found.case.outcome() == "PASS"


def test_a_latency_budget_gives_the_limit_and_is_kept_below_it(climbed):
    found = climbed(mark(p50="120ms"))
    limit = found.ramp.slo_limit
    assert (limit.value, limit.low, limit.high) == (8, 8, 16)
    assert limit >= 8
    assert limit < 17
    with pytest.raises(Inconclusive, match="undecided"):
        _ = limit > 8
    assert [(item.outcome, item.why) for item in found.case.told()] == [
        ("PASS", "kept up to 8 users, broken at 16")
    ]


def test_of_several_budgets_the_lowest_limit_counts(climbed):
    assert climbed(mark(p50="120ms"), mark(mean="60ms")).ramp.slo_limit.value == 4


def test_a_budget_that_is_kept_nowhere_fails(climbed):
    found = climbed(mark(p50="20ms"))
    assert found.case.outcome() == "FAIL"
    with pytest.raises(UnknownValue, match=r"p50 <= 20\.0 ms: it is broken at 1 already"):
        _ = found.ramp.slo_limit


def test_a_percentile_without_enough_answers_is_invalid(climbed):
    found = climbed(mark(p99="2s"), duration=0.5)
    assert found.case.outcome() == "INVALID"
    assert "could not be judged at any plateau" in reason(found.case)


def test_repeats_give_an_interval(climbed):
    found = climbed(repeats=3)
    assert found.server.users == [4, *[1, 2, 4, 8, 16, 32] * 3, 1]
    assert len(found.ramp.steps) == 6
    assert [len(step.evidence.rounds) for step in found.ramp.steps] == [6] * 6
    assert found.ramp.knee.low == found.ramp.knee.high == pytest.approx(4)
    assert found.ramp.knee > 3, "decided by three ramps"
    assert "3 times" in found.ramp.notes[0]


def test_one_ramp_without_an_interval_decides_nothing(climbed):
    ramp = climbed().ramp
    with pytest.raises(Inconclusive, match="repeats=6 gives it an interval"):
        _ = ramp.knee > 1
    with pytest.raises(TypeError, match="write a number of users"):
        _ = ramp.knee > "1"
    with pytest.raises(TypeError, match="two load calls"):
        _ = ramp.knee > climbed().ramp.knee


def test_enough_slots_give_the_knee_an_interval(climbed):
    knee = climbed(duration=5.0).ramp.knee
    assert knee.low == pytest.approx(4.0)
    assert knee > 3


def test_load_that_leaves_a_trace_is_told(climbed):
    found = climbed(server={"special": lambda n, plan: {"users": 2} if n > 22 and plan.users == 1 else {}})
    assert (
        "1 user again afterwards: mean 100 ms, before 50.0 ms: the server has not recovered"
        in found.ramp.notes[0]
    )


def test_a_broken_measurement_ends_it_and_is_invalid(climbed):
    def late(number, plan):
        return {"complaints": ["it was late"]} if plan.users == 8 else {}

    found = climbed(server={"special": late})
    assert found.case.outcome() == "INVALID"
    assert "at 8 users: server: it was late" in reason(found.case)
    assert found.server.users[-1] == 8
    with pytest.raises(UnknownValue, match="it was late"):
        _ = found.ramp.knee


def test_a_server_that_answers_nothing_is_invalid(climbed):
    dead = {"failed": 100, "how": "refused"}
    found = climbed(server={"special": lambda n, plan: dead})
    assert found.case.outcome() == "INVALID"
    assert len(found.ramp.steps) == 0
    assert "not one request was answered" in explain(found.case)


def test_a_server_that_stalls_has_its_cliff_there(climbed):
    found = climbed(server={"special": lambda n, plan: {"count": 0} if plan.users == 16 else {}})
    assert found.ramp.loads == (1, 2, 4, 8, 16)
    assert found.ramp.cliff.value == 16
    assert found.case.outcome() == "PASS"
    assert "at 16 users, server: no user could send anything in the measured time" in explain(found.case)
    found = climbed(server={"special": lambda n, plan: {"count": 0} if plan.users == 1 else {}})
    assert found.case.outcome() == "INVALID", "nothing is known of it at all"


def test_a_lost_agent_is_invalid(climbed):
    def lost(number, plan):
        if plan.users == 8:
            raise AgentLost("the load agent (pid 1) was lost")
        return {}

    found = climbed(server={"special": lost})
    assert found.case.outcome() == "INVALID"
    assert found.ramp.loads == (1, 2, 4)


def test_it_ends_in_time(climbed):
    found = climbed(ends=1012.0)
    assert found.server.now <= 1012.5
    assert 0 < len(found.ramp.loads) < 6
    assert "max_time ended the ramp" in found.ramp.notes[0]
    none = climbed(ends=1001.0)
    assert (none.case.outcome(), none.ramp.steps) == ("INCONCLUSIVE", ())
    with pytest.raises(UnknownValue, match="max_time was over"):
        _ = none.ramp.knee


def test_windows_hold_a_whole_think_time(climbed):
    found = climbed(think_time=1.0, duration=4.0, server={"special": lambda n, plan: {"rps": plan.users}})
    assert found.server.plans[-1].window >= 1.0
    assert found.server.plans[-1].least == 1


def test_a_smoke_run_sends_one_request_and_finds_nothing(climbed):
    found = climbed(mark(p50="1ms"), settings=Settings({}, smoke=True))
    assert [plan.count for plan in found.server.plans] == [1]
    assert len(found.ramp.steps) == 6
    for name in ("knee", "slo_limit", "cliff"):
        with pytest.raises(Inconclusive, match="smoke run"):
            getattr(found.ramp, name)
    assert found.case.outcome() == "PASS"


def test_what_a_ramp_is_not_about_is_refused(climbed):
    with pytest.raises(SpecError, match=r"about one server, and the test has several \(a, b\)"):
        climbed(specs={"a": SPEC, "b": SPEC})
    with pytest.raises(SpecError, match=r"budget\(rps=\.\.\.\) is about one load"):
        climbed(mark(rps=300))
    climbed(mark(rps=300, run="other"))


def test_the_report_shows_the_plateaus_and_marks_what_was_found(climbed):
    found = climbed(mark(p50="120ms"), server={"cliff": 16})
    heading, columns, *rest = explain(found.case).splitlines()
    assert heading == "GET /: ramp from 1 to 32 users, 1 s each on granian"
    assert columns.split()[:3] == ["users", "rps", "mean"]
    assert rest[0].split()[:3] == ["1", "20.0", "50.0"]
    assert rest[2].endswith("<- knee")
    assert rest[3].endswith("<- slo_limit")
    assert rest[4].endswith("<- cliff")
    text = "\n".join(rest[5:])
    assert "knee: 4 users = X_max (R_min + Z); Kneedle 4" in text
    assert "slo_limit: 8 [8, 16] users" in text
    assert "cliff: 16 [8, 16] users" in text
    assert "PASS p50 <= 120 ms: kept up to 8 users" in text
    assert "at 16 users, server: 80 of 400 requests were not ok: 80 bad_status" in text
