"""A comparison that clears its margin by less than launches may differ is looked at again after more rounds."""

from __future__ import annotations

from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_asyncbench.verdict.decision import Band, decide
from pytest_asyncbench.verdict.effort import Effort

ROUNDS = st.lists(
    st.floats(-0.3, 0.3) | st.floats(0.02, 0.2) | st.floats(-0.2, -0.02), min_size=8, max_size=30
)
ENDS = st.sampled_from([(0.0, None), (0.01, None), (-0.05, 0.05), (-0.1, 0.1)])
BY = st.sampled_from([0.01, 0.05, 0.1])
EFFORT = Effort()
usual = settings(max_examples=300)


@usual
@given(ROUNDS, ENDS, BY)
def test_waiting_changes_no_outcome(values: list[float], ends: tuple[float, float | None], by: float) -> None:
    """So the error is that of the rule: what may change is the interval, which is then that of a later look."""
    at_once = decide(values, Band(*ends), EFFORT, ended=True)
    waited = decide(values, band := Band(*ends, clear_by=by), EFFORT, ended=True)
    assert at_once
    assert waited
    assert waited.outcome == at_once.outcome
    if waited.rounds == at_once.rounds:
        assert waited == at_once
    else:
        assert waited.rounds > at_once.rounds
        assert band.clears(waited.low, waited.high)
        assert not band.clears(at_once.low, at_once.high)


@usual
@given(ROUNDS, ENDS, BY)
def test_what_was_found_is_not_changed_by_more_rounds(
    values: list[float], ends: tuple[float, float | None], by: float
) -> None:
    band = Band(*ends, clear_by=by)
    found = [decide(values[:count], band, EFFORT) for count in range(len(values) + 1)]
    given = [finding for finding in found if finding]
    assert all(finding == given[0] for finding in given)
    assert found == [None] * (len(found) - len(given)) + given


@pytest.mark.parametrize("side", [1, -1])
def test_it_waits_only_while_it_may_become_clear(side: int) -> None:
    band = Band(lower=0.0, clear_by=0.05)
    hopeful = [side * value for value in [0.02] + [0.1] * 7]
    assert decide(hopeful, band, EFFORT) is None
    clear = decide([*hopeful, *[side * 0.1] * 4], band, EFFORT)
    assert clear
    assert (clear.rounds, min(abs(clear.low), abs(clear.high))) == (12, pytest.approx(0.06))
    close = decide([side * 0.04] * 8, band, EFFORT)
    assert close is not None
    assert close.rounds == 8, "its middle is not clear either"
    best = decide([*hopeful, *[side * 0.02] * 4], band, EFFORT, ended=True)
    assert best is not None
    assert best.rounds == 8, "the first look that decided counts"


def test_nothing_waits_where_launches_do_not_differ() -> None:
    found = decide([0.02] + [0.1] * 7, Band(lower=0.0), EFFORT)
    assert found
    assert found.rounds == 8
    assert log(Effort().launch_allowance) == 0
