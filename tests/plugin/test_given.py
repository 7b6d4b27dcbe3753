"""Load inside `@given`: short slots, counted metrics, and the simplest request that breaks."""

from __future__ import annotations

import pytest

GIVEN = """
from hypothesis import HealthCheck, given, settings, strategies as st
from pytest_asyncbench.errors import Inconclusive

few = settings(deadline=None, max_examples=4, database=None)
"""


def test_every_example_is_a_short_checked_slot(project):
    project.write(
        GIVEN
        + """
lengths = []

@pytest.mark.server(many)
@few
@given(st.sampled_from(["/", "/?a", "/?b"]))
def test_it(load, path):
    run = load.get(path, users=2)
    lengths.append(len(run.evidence.rounds))
    assert run.errors == 0
    assert run.rps.value > 0
    with pytest.raises(Inconclusive, match="inside @given each load call is one short slot"):
        assert run.rps > 1

def test_rounds():
    assert lengths and set(lengths) == {1}
"""
    )
    project.run().assert_outcomes(passed=2)


def test_what_breaks_is_an_example_for_hypothesis_to_shrink(project):
    project.write(
        GIVEN
        + """
@pytest.mark.server(many)
@settings(deadline=None, database=None, derandomize=True, max_examples=30)
@given(st.integers(0, 1000))
def test_it(load, number):
    load.get("/boom" if number > 7 else "/", slot="50ms")
"""
    )
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*FailedExample: GET /boom: FAIL errors <=*", "*number=8*"])


@pytest.mark.parametrize(
    ("marks", "why"),
    [
        ("@settings(deadline=900)\n@given(st.just(1))", "*deadline of 900 ms*add @settings(deadline=None)"),
        (
            "@pytest.mark.budget(p95='1s')\n@few\n@given(st.just(1))",
            "*p95 <= 1: inside @given each load call is one short slot*(errors*); state it in a test without @given",
        ),
    ],
)
def test_what_cannot_pass_is_refused_before_anything_starts(project, marks, why):
    project.write(f"{GIVEN}\n@pytest.mark.server(many)\n{marks}\ndef test_it(load, n):\n    load.get('/')\n")
    result = project.run()
    assert result.ret == 4
    result.stderr.fnmatch_lines([why])
