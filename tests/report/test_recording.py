"""What was found -> the report."""

from __future__ import annotations

import pytest

from pytest_asyncbench.marks import BUILT_IN
from pytest_asyncbench.measure.provenance import Commit, PostgreSQL, Provenance, Server
from pytest_asyncbench.metrics import METRICS
from pytest_asyncbench.report.description import plan_value, spec_value
from pytest_asyncbench.report.document import Launch, Revision
from pytest_asyncbench.report.file import as_json, from_json
from pytest_asyncbench.report.html import as_html
from pytest_asyncbench.report.session import Ending
from pytest_asyncbench.servers.factories import command, granian
from pytest_asyncbench.servers.launched import Launched
from pytest_asyncbench.servers.software import Software
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.requests import request
from pytest_asyncbench.verdict.statements import Budget, Ordering, SinceKept, Tie

SWING = (100.0, 101.0, 99.0, 102.0, 98.0, 103.0, 97.0, 100.0)
HALF = tuple(rate / 2 for rate in SWING)


@pytest.fixture
def only(make_case, make_report):
    """The one load call of a report made of rates and statements."""

    def made(*given, **words):
        return make_report(make_case(*given, **words)).tests[0].loads[0]

    return made


def test_every_metric_of_the_registry_is_there(only):
    run = only({"a": SWING}).runs[0]
    assert set(run.variants[0].figures) == set(METRICS)
    assert run.variants[0].figures["rps"].shown == "100 [97.0, 103]"
    assert run.variants[0].figures["memory"].value is None
    assert "memory" in run.variants[0].figures["memory"].why
    assert run.variants[0].data["rps"] == pytest.approx(SWING)


def test_every_slot_has_its_place_and_its_values(only):
    run = only({"a": SWING, "b": HALF}).runs[0]
    assert run.order == (("a", "b"),) * 8
    assert [slot.position for slot in run.variants[1].slots] == list(range(1, 16, 2))
    assert [slot.values["rps"] for slot in run.variants[1].slots] == pytest.approx(HALF)
    assert {slot.outcomes["ok"] for slot in run.variants[0].slots} == {300}


def test_a_comparison_has_its_track(only):
    call = only({"a": SWING, "b": HALF}, Ordering(("a", "b"), by=1.2), BUILT_IN)
    claim, errors, _ = call.statements
    assert (claim.outcome, claim.kind, claim.metric, claim.built_in) == ("PASS", "ordering", "rps", False)
    assert (claim.ratio, claim.low, claim.high, claim.rounds) == pytest.approx((2, 2, 2, 8))
    [track] = claim.tracks
    assert (track.subject, track.above, track.below) == ("rps a / b", 1.2, None)
    assert track.ratios == pytest.approx([2.0] * 8)
    assert [point.look for point in track.path] == [False] * 7 + [True]
    assert track.path[6].low is None
    assert track.path[7].low == pytest.approx(2)
    assert (errors.built_in, errors.tracks) == (True, ())


@pytest.mark.parametrize(
    ("statement", "subject", "bounds", "first"),
    [
        (Tie("a", "b", within=1.25), "rps a / b", (0.8, 1.25), 2),
        (Ordering(("a", "b"), "mean", by=1.2), "mean b / a", (1.2, None), 2),
        (Budget("rps", 50, at_least=True), "rps of a / 50.0", (1.0, None), 2),
        (Budget("mean", 0.02), "mean of a / 20.0 ms", (None, 1.0), 0.5),
        (SinceKept("rps", 1.25, "x", (("a", (50.0,) * 8),)), "rps of a against 'x'", (0.8, None), 2),
        (SinceKept("mean", 1.25, "x", (("a", (0.02,) * 8),)), "mean of a against 'x'", (0.8, None), 2),
    ],
)
def test_what_a_track_says(only, statement, subject, bounds, first):
    track = only({"a": SWING, "b": HALF}, statement).statements[0].tracks[0]
    assert (track.subject, track.above, track.below) == (subject, *bounds)
    assert track.ratios[0] == pytest.approx(first)


def test_what_is_infinite_is_unknown_and_says_why(only):
    figures = only({"a": SWING}, slots={"a": {"failed": 150}}).runs[0].variants[0].figures
    assert (figures["p95"].value, figures["p95"].shown) == (None, "inf")
    assert "not ok" in figures["p95"].why


def test_a_ramp_has_its_plateaus_and_what_it_found(make_ramp_case, make_report):
    [call] = make_report(make_ramp_case()).tests[0].loads
    assert call.ramp.loads == (1, 2, 4, 8, 16)
    assert [run.plan.users for run in call.runs] == [1, 2, 4, 8, 16]
    assert call.ramp.knee.value == pytest.approx(4, rel=0.1)
    assert (call.ramp.cliff.value, call.ramp.cliff.why) == (None, "no cliff up to 16 users")
    assert call.ramp.slo_limit.value == 4


def test_a_test_that_did_not_run_says_so(make_case, make_report):
    ran = make_case({"a": SWING}, name="t.py::ran")
    other = make_case({"a": SWING}, name="t.py::other")
    other.records.clear()
    report = make_report(ran, other, endings={"t.py::ran": Ending("failed", "boom", 1.5)})
    assert [(test.outcome, test.message) for test in report.tests] == [("failed", "boom"), ("not run", "")]


def test_passwords_are_not_kept(make_report):
    report = make_report()
    assert "postgres" not in report.options
    from pytest_asyncbench.report.session import _without_password

    assert _without_password("postgresql://me:s3cret@host/db") == "postgresql://me:...@host/db"
    assert _without_password("host=x password=s3cret user=y") == "host=x password=... user=y"


def test_a_spec_has_its_command_line_and_no_secrets():
    spec = granian("app:wsgi", interface="wsgi", workers=2, threads=3, env={"DB_POOL": "1", "API_TOKEN": "x"})
    found = spec_value(spec, spec.settled())
    assert " ".join(found.command).startswith("{python} -m granian --host 127.0.0.1 --port {port} ")
    assert found.env == {"API_TOKEN": "(not kept)", "DB_POOL": "1"}
    assert found.words["threads"] == 3


def test_a_command_stays_as_it_is_written():
    spec = command(["{python}", "-m", "x", "--port", "{port}"])
    assert spec_value(spec, spec.settled()).command == ("{python}", "-m", "x", "--port", "{port}")


def test_plans_are_equal_where_the_same_is_sent():
    def plan(**words):
        return plan_value(LoadPlan((request("POST", "/a", json=words or {"n": 1}),), users=3), ["a"])

    assert plan() == plan()
    assert plan().requests != plan(n=2).requests
    assert (plan().users, plan().rate, plan().expect) == (3, None, "200-299")


def test_functions_are_told_by_their_names():
    def number(i):
        return {"n": i}

    def plan(function):
        return plan_value(LoadPlan((request("POST", "/a", json=function),)), ["a"]).requests

    assert plan(number) == plan(number)
    assert plan(number) != plan(print)


def test_what_was_watched_is_kept(make_case, make_report, watched):
    case = make_case({"a": SWING})
    case.records[0] = watched(case.records[0])
    variant = make_report(case).tests[0].loads[0].runs[0].variants[0]
    assert variant.limiter["name"] == "row locks"
    assert variant.limiter["line"].startswith("row locks: ")
    assert variant.counters["load"]["database"]["backends"] == {"active / Lock / tuple": 6.0, "idle": 2.0}
    assert variant.slots[0].counters["database"]["queries"] == 600
    assert "counted" not in variant.counters


def test_what_was_not_watched_is_left_out(only):
    variant = only({"a": SWING}).runs[0].variants[0]
    assert (variant.limiter, variant.counters, variant.slots[0].counters) == (None, None, None)


LAUNCHED = Launched(("/py", "-m", "x y"), "/app", {"DB_POOL": "1"}, "/py")
PROVENANCE = Provenance(
    {"a": Server(LAUNCHED, Software("CPython 3.9.2", {"flask": "2.0.3"}))},
    PostgreSQL("17.2", "system", "fast", {"fsync": "off"}, ("no counters",)),
    {"a@main": Commit("main", "0123456789")},
)


def test_provenance_is_kept_and_read_back(make_case, make_report):
    report = make_report(
        make_case({"a": SWING, "a@main": HALF}, provenance=PROVENANCE, references=("a@main",))
    )
    assert from_json(as_json(report), "here") == report
    run = report.tests[0].loads[0].runs[0]
    assert run.provenance.launches == {
        "a": Launch(
            command=("/py", "-m", "x y"),
            cwd="/app",
            env={"DB_POOL": "1"},
            interpreter="/py",
            python="CPython 3.9.2",
            packages={"flask": "2.0.3"},
        )
    }
    assert (run.provenance.postgresql.version, run.provenance.postgresql.settings) == (
        "17.2",
        {"fsync": "off"},
    )
    assert [variant.revision for variant in run.variants] == [None, Revision("0123456789", "main", False)]
    page = as_html(report)
    for text in (
        "Launch of a",
        "/py -m &#x27;x y&#x27;",
        "flask",
        "2.0.3",
        "PostgreSQL",
        "main (0123456789)",
    ):
        assert text in page
