"""The result of a test as text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_asyncbench.judging import Judgement, judge_all
from pytest_asyncbench.marks import BUILT_IN
from pytest_asyncbench.measure.run import Run
from pytest_asyncbench.measure.watching import SlotCounters
from pytest_asyncbench.report.limiters import limiter_lines
from pytest_asyncbench.report.text import explain, judgement_lines, reason, record_lines, statement_text
from pytest_asyncbench.servers.factories import gunicorn
from pytest_asyncbench.testcase import Record, Settings, TestCase
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.requests import request
from pytest_asyncbench.traffic.think_time import Between, Exponential
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.statements import Budget, NoRegression, Ordering, Tie

EFFORT = Effort()
SWING = [100.0, 101, 99, 102, 98, 103, 97, 100]
HALF = [rate / 2 for rate in SWING]
SLOW = [4 / 0.6] * 8


@pytest.fixture
def case_of(make_evidence):
    """Makes a test that fired one load call."""

    def made(rates, *statements, **words) -> TestCase:
        evidence = make_evidence(rates, **words)
        run = Run(evidence, effort=EFFORT, ok=dict.fromkeys(rates, 0))
        case = TestCase("t", evidence.specs, statements, Settings({}), None, None)
        case.records.append(Record(run, judge_all(evidence, statements, EFFORT)))
        return case

    return made


def test_a_table_the_statements_and_how_it_was_measured(case_of):
    claim = Ordering(("a", "b"), by=1.2)
    case = case_of({"a": SWING, "b": HALF}, claim, BUILT_IN, seconds=12.3, surroundings=("PostgreSQL 18",))
    heading, columns, a, b, verdict, measured = explain(case).splitlines()
    assert heading == "GET / with 1 user"
    assert (
        " ".join(columns.split()) == "variant server workers threads rps mean p50 p95 p99 errors CPU/request"
    )
    cells = " ".join(a.split())
    assert cells == "a granian wsgi 1 4 100 [97.0, 103] 10.0 ms 10.0 ms 10.0 ms 10.3 ms 0 % -"
    assert b.split()[:5] == ["b", "granian", "wsgi", "1", "4"]
    assert verdict.startswith(
        "  PASS a > b in rps by more than 20 %: rps a / b 2 [2, 2] after 8 rounds: all of it"
    )
    assert measured == "  8 rounds of 0.5 s slots in 12 s, seed 1; PostgreSQL 18"
    assert reason(case) == verdict.strip()


@pytest.mark.parametrize(("keepalive", "notes"), [(True, 1), (False, 0)])
def test_a_server_that_closes_each_connection_is_noted_unless_the_load_does_so(
    make_evidence, keepalive, notes
):
    evidence = make_evidence(
        {"a": SWING, "b": HALF}, plan=LoadPlan((request("GET", "/"),), keepalive=keepalive)
    )
    closing = {"a": gunicorn("app:wsgi").settled(), "b": gunicorn("app:wsgi", threads=2).settled()}
    run = Run(replace(evidence, specs=closing), effort=EFFORT, ok=dict.fromkeys("ab", 0))
    note = "  note: a: a connection per request, because the server closes each one"
    lines = record_lines(Record(run, ()))
    assert lines.count(note) == notes
    assert lines[2].split()[:4] == ["a", "gunicorn", "sync", "1"]


def test_the_worst_comes_first(case_of):
    case = case_of({"a": SWING}, Budget("rps", 50, at_least=True), Budget("p95", 0.001), Budget("mean", 1.0))
    lines = [line.split(":")[0].strip() for line in explain(case).splitlines() if line.startswith("  ")][2:5]
    assert lines == ["FAIL p95 <= 1.00 ms (a)", "PASS rps >= 50.0 (a)", "PASS mean <= 1.00 s (a)"]
    assert reason(case).startswith("FAIL p95 <= 1.00 ms (a): ")


def test_failures_and_notes_are_told(case_of):
    slots = {"server": {"failed": 30, "how": "timeout", "first": ["nothing after 30 s"]}}
    case = case_of({"server": SWING}, BUILT_IN, slots=slots, notes=("server: not warm after 10 s",))
    text = explain(case)
    assert "  FAIL errors <= 0.10 %: errors 10.0 % > 0.10 %, counted in 8 rounds\n" in text
    assert "  note: server: not warm after 10 s\n" in text
    assert "  server: 240 of 2400 requests were not ok: 240 timeout, first: nothing after 30 s\n" in text


@pytest.mark.parametrize(
    ("startups", "told"),
    [
        (None, ""),
        ({"a": 0.0}, ""),
        ({"a": 0.44}, "; started in 0.4 s"),
        ({"a": 0.44, "b": 1.26}, "; started in 0.4 s (a), 1.3 s (b)"),
        ({name: 0.1 * number for number, name in enumerate("abcde", 3)}, "; started in 0.3 to 0.7 s"),
    ],
)
def test_how_long_the_servers_took_to_start(case_of, startups, told):
    case = case_of({"a": SWING}, startups=startups, seconds=12.3, surroundings=("PostgreSQL 18",))
    assert explain(case).splitlines()[-1] == f"  8 rounds of 0.5 s slots in 12 s, seed 1; PostgreSQL 18{told}"


def test_what_the_servers_did_not_inherit_is_told_if_it_is_not_only_pytests_own(case_of):
    own = ("PYTEST_CURRENT_TEST", "PYTEST_VERSION")
    assert "not passed on" not in explain(case_of({"a": SWING}, cleared=own))
    text = explain(case_of({"a": SWING}, cleared=(*own, "PYTHONASYNCIODEBUG", "PYTHONDEVMODE")))
    assert text.count("\n  not passed on to the servers: PYTHONASYNCIODEBUG, PYTHONDEVMODE\n") == 1


def test_what_is_unknown_is_a_dash(case_of):
    text = explain(case_of({"a": []}, complaints=("a: it died",)))
    assert text.splitlines()[2].split() == ["a", "granian", "wsgi", "1", "4", *["-"] * 7]
    assert text.endswith("  0 rounds of no slots in 0 s, seed 1")


def test_too_few_rounds_for_one_merged_value_are_shown_without_an_interval(case_of):
    text = explain(case_of({"a": [100.0, 100]}, merged=3))
    assert text.splitlines()[2].split()[5:7] == ["100", "10.0"]


def test_a_built_in_limit_that_was_kept_is_not_mentioned():
    assert judgement_lines(Judgement(BUILT_IN, "a", "PASS", "why")) == []
    assert judgement_lines(Judgement(BUILT_IN, "a", "FAIL", "why")) == ["  FAIL errors <= 0.10 % (a): why"]
    assert judgement_lines(Judgement(Budget("errors", 0.001), "server", "PASS", "why"))


def test_long_reasons_are_wrapped():
    lines = judgement_lines(Judgement(Budget("p95", 0.25), "a", "FAIL", "because " * 40))
    assert len(lines) > 2
    assert all(len(line) <= 118 for line in lines)


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        (Budget("p95", 0.25), "p95 <= 250 ms"),
        (Budget("rps", 300, at_least=True), "rps >= 300"),
        (Budget("memory", 250e6), "memory <= 250 MB"),
        (Ordering(("a", "b"), by=1.2), "a > b in rps by more than 20 %"),
        (Tie("a", "b"), "a = b in rps within 10 %"),
        (NoRegression("new", "old"), "new is not worse than old in rps by 10 %"),
    ],
)
def test_statements_as_they_are_read(statement, text):
    assert statement_text(statement) == text


@pytest.mark.parametrize(
    ("words", "heading"),
    [
        ({"users": 64}, "GET / with 64 users"),
        ({"users": 2, "think_time": 0.5}, "GET / with 2 users, 0.5 s think time"),
        ({"users": 2, "think_time": Between(0.5, 1)}, "GET / with 2 users, 0.5 to 1 s think time"),
        ({"think_time": Exponential(2)}, "GET / with 1 user, exponential 2 s think time"),
        ({"rate": 200.0}, "GET / at 200 requests/s (constant arrivals)"),
        ({"keepalive": False, "name": "cold"}, "cold with 1 user, a connection per request"),
    ],
)
def test_what_was_sent(case_of, words, heading):
    case = case_of({"a": SWING}, plan=LoadPlan((request("GET", "/"),), **words))
    assert explain(case).splitlines()[0] == heading


def test_slots_of_different_length(case_of, make_slot):
    from dataclasses import replace

    case = case_of({"a": SWING})
    evidence = case.records[0].run.evidence
    longer = replace(evidence, rounds=(*evidence.rounds, (make_slot("a", 9, window=2.0),)))
    case.records.append(Record(Run(longer, effort=EFFORT, ok={"a": 0}), ()))
    first, second = explain(case).split("\n\n")
    assert "8 rounds of 0.5 s slots" in first
    assert "9 rounds of 0.5 to 2.0 s slots" in second


@pytest.mark.parametrize(("users", "is_told"), [(4, True), (64, False)])
def test_variants_that_wait_for_the_same_are_told_unless_one_lets_users_queue(make_evidence, users, is_told):
    """The servers have four threads each, and wait for something that takes 0.6 s."""
    counters = SlotCounters(0.5, 2, ((0.1, 0.0),), 4, 100, 0.3, 0.0, 0.0)
    plan = LoadPlan((request("GET", "/"),), users=users)
    words = {name: {"users": users} for name in ("a", "b")}
    evidence = make_evidence({"a": SLOW, "b": SLOW}, plan=plan, slots=words, alone={"a": 0.6, "b": 0.6})
    rounds = tuple(tuple(replace(slot, counters=counters) for slot in row) for row in evidence.rounds)
    run = Run(replace(evidence, rounds=rounds), effort=EFFORT, ok={"a": 0, "b": 0})
    told = "\n".join(limiter_lines(run))
    assert "limiter (a): upstream: " in told
    assert ("note: all variants are limited by upstream" in told) == is_told
