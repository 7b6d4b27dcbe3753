"""A race on servers of known speed, in no time: who is dropped, who is out, what is judged and shown."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_asyncbench import racing
from pytest_asyncbench.errors import AgentLost, Inconclusive, SpecError, UnknownValue
from pytest_asyncbench.lineup import failing
from pytest_asyncbench.marks import Mark, statements
from pytest_asyncbench.measure import sampling
from pytest_asyncbench.measure.answers import Answers
from pytest_asyncbench.measure.progress import Progress
from pytest_asyncbench.racing import fire_race
from pytest_asyncbench.report.file import as_json, from_json
from pytest_asyncbench.report.html import as_html
from pytest_asyncbench.report.markdown import as_markdown
from pytest_asyncbench.report.session import Ending, report_of
from pytest_asyncbench.report.show import as_text
from pytest_asyncbench.report.text import explain, reason
from pytest_asyncbench.servers.factories import external, granian, grid
from pytest_asyncbench.testcase import Settings, TestCase
from pytest_asyncbench.traffic.race_plan import of_race, race_plan

SPEC = granian("app:wsgi", interface="wsgi", threads=4)


class Servers:
    """An agent and all servers in one: each slot of a variant is at its rate, but for what `special` says of the n-th
    slot of a variant."""

    def __init__(self, make: Any, rates: Mapping[str, float], special: Any) -> None:
        self.make, self.rates, self.special = make, rates, special
        self.order: list[str] = []
        self.relaunched: list[list[str]] = []
        self.now = 1000.0

    def run(self, plan: Any) -> Any:
        name = list(self.rates)[plan.target.port - 1]
        window = getattr(plan, "window", 0.0)
        self.now += window + 0.3
        nth = self.order.count(name) if window else -1
        if window:
            self.order.append(name)
        wobble = 1 + 0.01 * ((7 * len(self.order) + plan.target.port) % 5 - 2)
        words = {"rps": self.rates[name] * wobble, "users": 1, "count": 100, "window": window}
        return self.make(**{**words, **self.special(name, nth)})


@pytest.fixture
def raced(make_samples, make_stage, monkeypatch):
    """Runs a race; gives it, the test's state, and the servers."""

    def go(
        *marks: Mark,
        settings: Settings | None = None,
        special=lambda name, nth: {},
        specs: Mapping[str, Any] | None = None,
        died=lambda name: None,
        answers: Mapping[str, Answers] | None = None,
        counterparts: Any = None,
        progress: Progress | None = None,
        what: Any = "/",
        words: Mapping[str, Any] | None = None,
        **rates: float,
    ):
        rates = rates or {"w1": 100.0, "w2": 150.0, "w3": 30.0}
        servers = Servers(make_samples, rates, special)
        clock = SimpleNamespace(monotonic=lambda: servers.now)
        for module in (sampling, racing):
            monkeypatch.setattr(module, "time", clock)
        fine = Answers(50, 50)
        seen = {name: (answers or {}).get(name, fine) for name in rates}
        monkeypatch.setattr(
            racing, "look_at", lambda subjects, plan, stop: {s.variant: seen[s.variant] for s in subjects}
        )
        specs = specs or dict.fromkeys(rates, SPEC)

        stage = make_stage(
            servers,
            {name: port for port, name in enumerate(rates, 1)},
            died=died,
            surroundings=("PostgreSQL 18",),
        )
        for name, instance in stage.instances().items():
            instance.spec = specs[name]

        def relaunch(only: Collection[str] | None = None) -> Mapping[str, Any]:
            servers.relaunched.append(list(only or rates))
            return stage.instances()

        stage.relaunch = relaunch
        case = TestCase(
            "t.py::t",
            specs,
            statements(marks, tuple(specs)),
            settings or Settings({}, seed=7),
            stage,
            lambda *_: progress or Progress(),
            counterparts=counterparts,
        )
        given = dict(words or {})
        own = {word: given.pop(word) for word in ("metric", "by") if word in given}
        call = "load.race('/')"
        race = fire_race(case, race_plan(call, of_race(call, what, {}), given, own, {}))
        return SimpleNamespace(race=race, case=case, servers=servers)

    return go


def mark(name: str = "budget", *args: object, **kwargs: object) -> Mark:
    return Mark(name, args, kwargs, 0)


def test_the_best_is_found_and_measured_again(raced):
    found = raced()
    race = found.race
    assert (race.best, race.ties, race.ranking) == ("w2", (), ("w2", "w1", "w3"))
    assert found.servers.relaunched == [["w2"], ["w2"]]
    assert len(race.run.evidence.rounds) == 8
    assert len(race.again.evidence.rounds) == 8
    assert race.again.evidence.variants == ("w2",)
    assert race["w2"].rps.value == pytest.approx(150, rel=0.02)
    assert race["w3"].rps.value == pytest.approx(30, rel=0.02)
    assert float(race.ratio("w1", "w2")) == pytest.approx(2 / 3, rel=0.02)
    assert (race.slots, race.slots_without) == (3 * 8 + 8, 90)
    assert [(lane.variant, lane.rank, lane.fate, lane.rounds) for lane in race.lanes] == [
        ("w2", 1, "best", 8),
        ("w1", 2, "dropped", 8),
        ("w3", 3, "dropped", 8),
    ]
    assert race.lanes[1].why.startswith("after 8: w2 is 1.5")
    assert (found.case.outcome(), found.case.told()) == ("PASS", [])
    assert repr(race) == "<Race 'GET /' of 3 variants: best w2>"
    assert found.case.ok["w2"] > found.case.ok["w1"] > 0


def test_losers_get_no_more_load(raced):
    found = raced(a=100.0, b=100.0, c=50.0)
    race = found.race
    assert {race.best, *race.ties} == {"a", "b"}
    assert race.ranking[2] == "c"
    rounds = race.run.evidence.rounds
    assert [len(row) for row in rounds[:8]] == [3] * 8
    assert {len(row) for row in rounds[8:]} == {2}
    assert [lane.fate for lane in race.lanes] == ["best", "tie", "dropped"]
    assert race.lanes[1].why == "within 5 % of the best"
    assert race.again.variants == (race.best,)


def test_a_live_line_tells_how_many_are_left(raced):
    told: list[str] = []

    class Shown(Progress):
        def slot(self, variant: str, round_number: int, evidence: object) -> None:
            told.append(variant.partition(", ")[0])

    raced(a=100.0, b=100.0, c=50.0, progress=Shown())
    assert list(dict.fromkeys(told))[:2] == ["3 left", "2 left"]
    assert told[-1] in ("a", "b"), "the winner, measured again"


def test_less_may_be_better(raced):
    assert raced(words={"metric": "mean"}).race.best == "w2"
    assert raced(words={"metric": "mean"}).race.lanes[-1].ratio == pytest.approx(5.0, rel=0.03)


def test_a_wider_margin_keeps_more(raced):
    race = raced(words={"by": "60%"}).race
    assert (race.best, race.ties) == ("w2", ("w1",))


def test_who_fails_is_out_and_the_others_go_on(raced):
    found = raced(special=lambda name, nth: {"failed": 30} if name == "w2" and nth > 5 else {})
    race = found.race
    assert (race.best, race.ranking) == ("w1", ("w1", "w3"))
    assert list(race.out) == ["w2"]
    assert "requests were not ok: " in race.out["w2"]
    assert race.lanes[-1].fate == "out"
    assert race.lanes[-1].rank is None
    assert found.case.outcome() == "PASS"
    assert "30 bad_status" in explain(found.case)


def test_few_errors_put_out_at_a_look(raced):
    race = raced(special=lambda name, nth: {"failed": 1} if name == "w2" else {}).race
    assert race.best == "w1"
    assert "800 requests were not ok: 8 bad_status" in race.out["w2"]


def test_errors_may_be_allowed(raced):
    race = raced(mark(errors="5%"), special=lambda name, nth: {"failed": 1} if name == "w2" else {}).race
    assert race.best == "w2"
    assert not race.out


def test_who_answers_nothing_is_out_before_it_begins(raced):
    race = raced(answers={"w2": Answers(), "w3": Answers(10, 2)}).race
    assert (race.best, race.ties) == ("w1", ())
    assert set(race.out) == {"w2", "w3"}
    assert not race.run.evidence.rounds, "nobody is left to race against"
    assert race["w1"].rps.value == pytest.approx(100, rel=0.02)
    with pytest.raises(UnknownValue, match="nothing was measured"):
        _ = race["w2"].rps


def test_a_flow_cannot_be_looked_at_ahead_and_races_all_the_same(raced):
    async def visit(client: object) -> None:
        pass

    race = raced(what=visit, answers=dict.fromkeys(("w1", "w2", "w3"), Answers())).race
    assert race.best == "w2"
    assert not race.out


def test_who_dies_is_out(raced):
    dead: list[str] = []

    def special(name: str, nth: int) -> dict[str, object]:
        if name == "w2" and nth == 7:
            dead.append(name)
        return {}

    race = raced(special=special, died=lambda name: f"{name}: ended" if name in dead else None).race
    assert race.out == {"w2": "w2: ended"}
    assert race.best == "w1"


def test_who_is_too_slow_for_a_slot_is_out(raced):
    race = raced(a=100.0, b=0.15, c=50.0).race
    assert race.best == "a"
    assert "a user's mean cycle is 6." in race.out["b"]


def test_when_nobody_is_left_it_is_invalid(raced):
    found = raced(answers=dict.fromkeys(("w1", "w2", "w3"), Answers(5, 0)))
    assert found.case.outcome() == "INVALID"
    assert "no variant can race: w1: 5 of 5 answers were not ok" in reason(found.case)
    with pytest.raises(UnknownValue, match="the race is INVALID: no variant can race"):
        _ = found.race.best
    assert found.race.ratio
    assert [lane.fate for lane in found.race.lanes] == ["out"] * 3
    assert "no best: the race is INVALID" in explain(found.case)


def test_when_all_fail_on_the_way_it_is_invalid(raced):
    found = raced(special=lambda name, nth: {"failed": 50} if nth > 4 else {})
    assert found.case.outcome() == "INVALID"
    assert "no variant is left" in reason(found.case)


def test_who_does_other_work_makes_it_invalid(raced):
    seen = {
        name: Answers(50, 50, lengths=(size,) * 50) for name, size in (("w1", 10), ("w2", 10), ("w3", 99))
    }
    found = raced(answers=seen)
    assert found.case.outcome() == "INVALID"
    assert "w3" in reason(found.case)
    assert "mean length of the bodies" in reason(found.case)
    assert found.race.lanes == ()
    assert not found.race.out


def test_when_those_that_are_left_fail_in_the_end_it_is_invalid(raced):
    """After the last look that time allowed."""
    found = raced(
        special=lambda name, nth: {"failed": 1} if nth > 12 else {},
        words={"max_time": 48.0},
        a=100.0,
        b=100.0,
        c=50.0,
    )
    assert [drop.variant for drop in found.race.standing.dropped] == ["c"]
    assert found.case.outcome() == "INVALID"
    with pytest.raises(UnknownValue, match="no variant is left: a: 2 of "):
        _ = found.race.best


def test_an_agent_that_complains_makes_it_invalid(raced):
    special = {"complaints": ["the agent used 95 % of its core"]}
    found = raced(special=lambda name, nth: special if name == "w3" and nth == 6 else {})
    assert found.case.outcome() == "INVALID"
    assert "the agent used 95 % of its core" in reason(found.case)
    assert {(lane.rank, lane.fate) for lane in found.race.lanes} == {(None, "unranked")}


def test_a_lost_agent_makes_it_invalid(raced):
    def special(name: str, nth: int) -> dict[str, object]:
        if nth == 6:
            raise AgentLost("the agent was lost")
        return {}

    found = raced(special=special)
    assert found.case.outcome() == "INVALID"
    assert found.race.again is None


def test_a_restless_machine_decides_nothing(raced):
    found = raced(special=lambda name, nth: {"occupied": 0.5} if nth % 5 == 4 else {})
    assert found.case.outcome() == "PASS", "nothing was stated"
    with pytest.raises(Inconclusive, match="the machine was not at rest"):
        _ = found.race.best


def test_budgets_are_about_the_winner(raced):
    found = raced(mark(rps=140))
    assert [(item.variant, item.outcome) for item in found.case.told()] == [("w2", "PASS")]
    found = raced(mark(rps=200))
    assert [(item.variant, item.outcome) for item in found.case.told()] == [("w2", "FAIL")]


@pytest.mark.parametrize(
    "stated", [mark("ordering", "w1", "w2"), mark("tie", "w1", "w2"), mark("no_regression", metric="rps")]
)
def test_statements_about_pairs_are_refused(raced, stated):
    with pytest.raises(SpecError, match="a race drops variants on its way, so it judges nothing about pairs"):
        raced(stated)


def test_those_of_another_run_are_left_alone(raced):
    assert raced(mark("ordering", "w1", "w2", run="other")).race.best == "w2"


def test_it_takes_several_servers(raced):
    with pytest.raises(SpecError, match="is about several servers"):
        raced(only=1.0)


def test_a_margin_below_what_launches_differ_by_is_refused(raced):
    with pytest.raises(SpecError, match=r"launches of one server may differ by 5 %"):
        raced(words={"by": "2%"})
    settings = Settings({}, seed=7, launch_allowance=1.0)
    assert raced(words={"by": "2%"}, settings=settings).race.by == 1.02


def test_max_time_may_end_it_before_the_first_look(raced):
    found = raced(words={"max_time": 22.0})
    race = found.race
    assert (race.best, race.ties) == ("w2", ("w1", "w3"))
    assert 0 < len(race.run.evidence.rounds) < 8
    assert race.lanes[1].why == "not told apart"
    assert "max_time was over before the first look, which comes after 8 rounds" in explain(found.case)
    assert "w2 was measured again in 1 rounds only" in explain(found.case)


def test_max_time_may_leave_nothing_for_the_winner(raced, monkeypatch):
    monkeypatch.setattr(racing, "SECONDS_AGAIN", 1e4)
    found = raced()
    assert found.race.again is None
    assert found.race["w2"].rps.value == pytest.approx(150, rel=0.02)
    assert "as the best of many its figure is too good" in explain(found.case)


def test_a_moment_without_rest_is_made_up_for_by_more_rounds(raced):
    found = raced(special=lambda name, nth: {"occupied": 0.5} if nth == 6 else {})
    assert found.race.best == "w2"
    assert len(found.race.run.evidence.rounds) > 8


def test_max_time_may_end_it_on_its_way(raced):
    text = explain(raced(words={"max_time": 48.0}, a=100.0, b=104.0, c=100.0).case)
    assert re.search(
        "max_time was over after [89] of 30 rounds: with more time there may be fewer ties", text
    )


def test_with_few_rounds_nobody_of_many_could_be_dropped(raced):
    many = {f"v{number}": 100.0 for number in range(40)}
    with pytest.raises(SpecError, match="none of 40 variants can be dropped within 8 rounds"):
        raced(words={"rounds": 8}, **many)


def test_max_time_may_end_it_before_anything(raced):
    with pytest.raises(UnknownValue, match="max_time was over before the first round"):
        _ = raced(words={"max_time": 3.0}).race.best


def test_servers_that_are_not_ours_are_measured_again_as_they_are(raced):
    specs = {name: external(f"http://127.0.0.1:{port}") for port, name in enumerate(("w1", "w2", "w3"), 1)}
    found = raced(specs=specs)
    assert found.servers.relaunched == []
    assert len(found.race.again.evidence.rounds) == 8


def test_another_revision_takes_no_part(raced):
    found = raced(counterparts=SimpleNamespace(of=lambda name: f"{name}@main"))
    assert "the other revision does not take part" in explain(found.case)


def test_in_a_smoke_run_nobody_wins(raced):
    race = raced(settings=Settings({}, seed=7, smoke=True)).race
    for name in ("best", "ties", "ranking"):
        with pytest.raises(Inconclusive, match="a smoke run sends one request per variant"):
            getattr(race, name)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"duration": 5}, "a race has no duration"),
        ({"metric": "errors"}, "metric='errors' ranks nothing"),
        ({"metric": "speed"}, "no metric 'speed'"),
        ({"rate": 100}, "with rate= every variant that keeps up has the same rps"),
        ({"metric": "service_time"}, "is a metric of an open loop"),
        ({"by": 3}, "ambiguous"),
    ],
)
def test_words_that_cannot_be_meant(raced, words, why):
    with pytest.raises(SpecError, match=why):
        raced(words=words)


def test_iterators_are_refused():
    with pytest.raises(SpecError, match="an iterator ends"):
        of_race("load.race(...)", iter([]), {})


def test_failing():
    seen = {"a": Answers(50, 50), "b": Answers(50, 44), "c": Answers(50, 46), "d": Answers()}
    assert list(failing(seen, 0.001)) == ["b", "d"]
    assert list(failing(seen, 0.1)) == ["d"]


def test_every_report_has_the_table(raced, make_report_of_races):
    report = make_report_of_races(
        raced(specs=grid(SPEC, threads=[1, 2, 3]), t1=100.0, t2=150.0, t3=30.0, special=_third_fails).case
    )
    (call,) = report.tests[0].loads
    assert (call.race.best, call.race.ties, call.race.metric) == ("t2", (), "rps")
    assert [lane.fate for lane in call.race.lanes] == ["best", "dropped", "out"]
    assert [run.name for run in call.runs] == ["GET /", "GET /, measured again"]
    assert from_json(as_json(report), "it") == report
    for text in (as_markdown(report), as_html(report), as_text(report)):
        assert "dropped after 8: t2 is 1.5" in text
        assert "race of 3 variants" in text.lower()
        assert "where measuring all of them to the end takes 90" in text


def _third_fails(name: str, nth: int) -> dict[str, object]:
    return {"failed": 90} if name == "t3" and nth > 4 else {}


@pytest.fixture
def make_report_of_races():
    from pytest_asyncbench.report.document import Environment, Machine

    machine = Machine("a CPU", 2, 8 * 2**30, "6.1", "Linux x86_64", "CPython 3.11.7")
    environment = Environment("0.1.0", "CPython 3.11.7", {}, machine, "6.1.2")

    def made(*cases: TestCase):
        endings = {case.name: Ending("passed", "", 1.0) for case in cases}
        return report_of(cases, endings, environment, {}, ended=1_700_000_000.0, seconds=1.0)

    return made


def test_the_table_of_the_terminal(raced):
    found = raced(specs=grid(SPEC, workers=[1, 2, 3]))
    text = explain(found.case)
    lines = text.splitlines()
    assert lines[0] == (
        "GET / with 1 user: race of 3 variants for the best rps; who is worse by more than 5 % is dropped"
    )
    assert lines[1].split()[:4] == ["variant", "workers", "threads", "rps"]
    assert "switches/request" in lines[1]
    assert lines[2].split()[:4] == ["1.", "w2", "2", "4"]
    assert "measured again, on fresh launches (8 rounds)" in text
    assert "32 slots, where measuring all of them to the end takes 90" in text
    assert math.isfinite(found.race.lanes[0].ratio)
