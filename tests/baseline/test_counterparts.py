"""Which counterparts take part, and what is judged of them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_asyncbench.baseline.comparing import incomparable
from pytest_asyncbench.baseline.counterparts import Counterparts, headline, without_baseline
from pytest_asyncbench.baseline.opposite import Opposite, again, opposite, widened
from pytest_asyncbench.baseline.revision import Revision
from pytest_asyncbench.errors import NotComparable, ServerDied
from pytest_asyncbench.measure.subject import Subject
from pytest_asyncbench.servers.factories import granian
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.plan import Target
from pytest_asyncbench.traffic.requests import request
from pytest_asyncbench.traffic.sent import Sent
from pytest_asyncbench.verdict.statements import Budget, NoRegression, SinceBaseline

SPEC = granian("app:wsgi", interface="wsgi", threads=4)
REVISION = Revision("main", "0123456789", "Subject", Path("/c"), Path("/c"), Path(), Path("/c/.git"))
ERRORS = Budget("errors", 0.001)
GUARD = SinceBaseline("p95", 1.2)


def subject(variant: str) -> Subject:
    return Subject(variant, SPEC, Target("h", 1), (), list, lambda: None)


def counterparts(**problems: Exception) -> Counterparts:
    """Of the variants a and b; those of which there is a problem raise it."""

    def prepare(name: str, spec: object) -> SimpleNamespace:
        def instances() -> dict[str, str]:
            if problem := problems.get(name.partition("@")[0]):
                raise problem
            return {name: f"instance of {name}"}

        return SimpleNamespace(instances=instances, relaunch=instances, watchers=dict, logs=dict)

    return Counterparts(REVISION, {"a": SPEC, "b": SPEC}, prepare)


def opposed(found: Counterparts | None, make_samples, *statements, own=("a", "b"), failing=()):
    def ask(asked: Subject):
        return make_samples(count=1, failed=int(asked.variant in failing), first=("404 Not Found",))

    subjects = [subject(name) for name in own]
    return opposite(found, subjects, [*statements, ERRORS], lambda name, *_: subject(name), ask)


def test_each_variant_is_judged_against_its_own(make_samples):
    old = opposed(counterparts(), make_samples, GUARD)
    assert old.names == ("a@main", "b@main")
    assert old.statements == (
        NoRegression("a", "a@main", "p95", 1.2),
        NoRegression("b", "b@main", "p95", 1.2),
    )
    assert (old.notes, old.surroundings) == ((), ("main is 01234567 (Subject)",))


def test_without_a_statement_nothing_is_started(make_samples):
    found = counterparts(a=AssertionError("started"))
    assert opposed(found, make_samples).names == ()
    found.default = SinceBaseline()
    found.prepare = counterparts().prepare
    assert opposed(found, make_samples).statements[0] == NoRegression("a", "a@main", "rps", 1.1)
    assert opposed(found, make_samples, GUARD).statements[0] == NoRegression("a", "a@main", "p95", 1.2)


def test_what_does_not_start_is_left_out(make_samples):
    died = ServerDied("granian exited with 1. Its last lines:\nfoo\nImportError: no x\nWhat to do: pray")
    old = opposed(counterparts(a=died), make_samples, GUARD)
    assert old.names == ("b@main",)
    assert old.statements == (NoRegression("b", "b@main", "p95", 1.2),)
    assert old.notes == ("a@main: not comparable: granian exited with 1: ImportError: no x",)


def test_what_is_refused_there_only(make_samples):
    found = counterparts()
    old = opposed(found, make_samples, GUARD, failing=("a@main", "b", "b@main"))
    assert old.names == ("b@main",), "of b both fail: that is the test's to judge"
    [note] = old.notes
    assert note == "a@main: not comparable: 1 of 1 requests were not ok: 1 bad_status, first: 404 Not Found"


def test_requests_that_are_compared(make_samples):
    found = counterparts()
    found.specs = {"server": SPEC}
    plan = LoadPlan((), compared=(("x", Sent((request("GET", "/x"),))), ("y", Sent((request("GET", "/y"),)))))
    wide = widened(plan, found)
    assert wide.of("y@main").requests == wide.of("y").requests
    assert wide.label == plan.label
    old = opposed(found, make_samples, GUARD, own=("x", "y"))
    assert old.names == ("x@main", "y@main")
    broken = Counterparts(REVISION, {"server": SPEC}, lambda *_: (_ for _ in ()).throw(NotComparable("no")))
    old = opposed(broken, make_samples, GUARD, own=("x", "y"))
    assert old.notes == ("x@main: not comparable: no", "y@main: not comparable: no")
    assert widened(plan, None) is plan


def test_fresh_launches(make_samples):
    problems: dict[str, Exception] = {}
    found = counterparts()
    made = found.prepare
    found.prepare = lambda name, spec: SimpleNamespace(
        instances=made(name, spec).instances,
        relaunch=counterparts(**problems).prepare(name, spec).instances,
        watchers=dict,
        logs=dict,
    )
    problems["b"] = ServerDied("port taken")
    old = opposed(found, make_samples, GUARD)
    assert old.names == ("a@main", "b@main")
    with pytest.raises(NotComparable, match="port taken"):
        again(found, old, lambda name, *_: subject(name))
    assert found.why == {"b@main": "port taken"}
    old = opposed(found, make_samples, GUARD)
    assert [each.variant for each in again(found, old, lambda name, *_: subject(name))] == ["a@main"]
    assert again(None, old, lambda name, *_: subject(name)) == []


def test_without_a_revision(make_samples):
    assert opposed(None, make_samples, GUARD) == Opposite()
    assert without_baseline([GUARD, ERRORS]) == [ERRORS]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("one line.", "one line."),
        (
            "load failed: psql -f {0}/s.sql\npsql:{0}/s.sql:1: ERROR:  no\nLINE 1: oops",
            "load failed: psql -f s.sql: psql:s.sql:1: ERROR:  no",
        ),
        ("it died. Its last lines:\nnothing of interest", "it died."),
        ("it died:\na.b.SomeError: why\nafterwards", "it died: a.b.SomeError: why"),
    ],
)
def test_headlines(text, line):
    assert headline(text.format("/tmp/asyncbench-revision-0a1b/tree")) == line


def test_a_counterpart_that_errs_is_not_comparable_where_the_head_is_well(make_evidence):
    rates = {"a": [100.0], "a@main": [100.0]}
    failing = {"failed": 30, "first": ("404 Not Found",)}
    old = make_evidence(rates, slots={"a@main": failing}, references=("a@main",))
    assert old.own == ("a",)
    assert incomparable(old, 0.001) == {
        "a@main": "30 of 300 requests were not ok: 30 bad_status, first: 404 Not Found"
    }
    assert incomparable(old, 0.2) == {}
    both = make_evidence(rates, slots={"a@main": failing, "a": failing}, references=("a@main",))
    assert incomparable(both, 0.001) == {}


def test_complaints_about_a_counterpart_alone(make_evidence):
    rates = {"a": [100.0], "a@main": [100.0]}
    died = make_evidence(rates, complaints=("a@main: it exited with 1",), references=("a@main",))
    assert incomparable(died, 0.001) == {"a@main": "it exited with 1"}
    more = make_evidence(
        rates, complaints=("a@main: it exited", "the agent was lost"), references=("a@main",)
    )
    assert incomparable(more, 0.001) == {}, "the measurement itself is broken"
