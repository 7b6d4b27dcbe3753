"""Two ramps against each other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_asyncbench.report.comparison import compared
from pytest_asyncbench.report.show import comparison_as_text


@pytest.fixture
def ramp_report(make_ramp_case, make_report):
    """Makes a report of a ramp, its texts changed."""

    def made(**words):
        return make_report(make_ramp_case(**words), endings={})

    return made


def with_ramp(report, **changes):
    """The report with something else in its ramp."""
    [test] = report.tests
    [call] = test.loads
    changed = replace(
        call, ramp=replace(call.ramp, **changes), runs=call.runs[: len(changes.get("loads", call.runs))]
    )
    return replace(report, tests=(replace(test, loads=(changed,)),))


def test_each_load_and_what_was_found_are_compared(ramp_report):
    found = compared(ramp_report(), ramp_report())
    assert found.notices == ()
    changes = {(change.variant, change.metric): change for change in found.changes}
    assert changes["at 8 users", "rps"].ratio == pytest.approx(1)
    assert changes["at 8 users", "rps"].word == "same"
    assert changes["at 16 users", "errors"].word == "same"
    assert (changes["the ramp", "knee"].ratio, changes["the ramp", "slo_limit"].then) == (
        1,
        "4 [4, 8] users",
    )
    assert changes["the ramp", "cliff"].word == "not judged"


def test_what_was_found_is_better_where_it_is_higher(ramp_report):
    then = ramp_report()
    ramp = then.tests[0].loads[0].ramp
    knee = replace(ramp.knee, value=40.0, low=39.0, high=41.0, shown="40 users")
    before = with_ramp(then, knee=replace(knee, value=4.0, low=3.9, high=4.1))
    after = with_ramp(then, knee=knee)
    words = [
        next(change.word for change in compared(*pair).changes if change.metric == "knee")
        for pair in ((before, after), (after, before))
    ]
    assert words == ["better", "worse"]


def test_loads_that_only_one_of_them_had_are_told(ramp_report):
    whole = ramp_report()
    short = with_ramp(whole, loads=(1.0, 2.0, 4.0))
    name = "t.py::ramp[False]: only in {}: GET /ramp at 8 users, at 16 users"
    assert compared(short, whole).notices == (name.format("B"),)
    assert compared(whole, short).notices == (name.format("A"),)
    assert "at 16 users" not in {change.variant for change in compared(short, whole).changes}


def test_ramps_of_another_kind_are_not_compared(ramp_report):
    then = ramp_report()
    found = compared(then, with_ramp(then, by="rate"))
    assert found.changes == ()
    assert found.notices == ("another plan, not compared: t.py::ramp[False]: GET /ramp",)
    assert compared(then, ramp_report(at_cliff=True)).notices == (
        "only in A: t.py::ramp[False]: GET /ramp",
        "only in B: t.py::ramp[True]: GET /ramp",
    )


def test_the_text_has_a_row_for_each_load(ramp_report):
    text = comparison_as_text(compared(ramp_report(), ramp_report()))
    for load in (1, 2, 4, 8, 16):
        assert f"at {load} users" in text
    assert "the ramp" in text
