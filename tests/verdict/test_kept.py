"""The guard against a kept run: right where it decides, and INCONCLUSIVE rather than wrong."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.kept import SESSIONS, centre_of, count_since_kept, finished, judge_since_kept
from pytest_asyncbench.verdict.statements import SinceKept

STEADY = (100.0, 101.0, 99.0, 102.0, 98.0, 103.0, 97.0, 100.0, 100.5, 99.5, 101.5, 98.5)
EFFORT = Effort()


def guard(kept, within=1.2, metric="rps"):
    return SinceKept(metric, within, "before", (("server", tuple(kept)),))


def judged(kept, now, *, more=True, ended=True, effort=EFFORT, within=1.2):
    return judge_since_kept(
        guard(kept, within), "server", now, more_is_better=more, effort=effort, ended=ended
    )


@pytest.mark.parametrize(
    ("factor", "more", "outcome"),
    [
        (1.0, True, "PASS"),
        (2.0, True, "PASS"),
        (0.5, True, "FAIL"),
        (0.5, False, "PASS"),
        (2.0, False, "FAIL"),
        (1 / 1.2, True, "INCONCLUSIVE"),
        (1.2, False, "INCONCLUSIVE"),
    ],
)
def test_now_against_then(factor, more, outcome):
    verdict = judged(STEADY, [value * factor for value in STEADY], more=more)
    assert verdict.outcome == outcome
    assert verdict.ratio == pytest.approx(factor if more else 1 / factor, rel=0.01)
    assert verdict.low <= verdict.ratio <= verdict.high
    assert "kept run 'before'" in verdict.why
    assert "not interleaved" in verdict.why or outcome == "INCONCLUSIVE"


@pytest.mark.parametrize("factor", [SESSIONS * 1.01 / 1.2, SESSIONS / 1.2 / 1.01])
def test_what_sessions_differ_by_is_no_pass(factor):
    exact = [100.0 * factor] * 12
    assert judged([100.0] * 12, exact).outcome == ("PASS" if factor > SESSIONS / 1.2 else "INCONCLUSIVE")


def test_it_goes_on_until_it_is_decided():
    assert judged(STEADY, STEADY[:8], ended=False) is None
    assert judged(STEADY, STEADY, ended=False).rounds == 12
    assert judged(STEADY, STEADY[:8]).outcome == "INCONCLUSIVE"


@pytest.mark.parametrize(
    ("kept", "now"), [(STEADY[:7], STEADY), ((0.0, *STEADY), STEADY), (STEADY, ()), ((), ())]
)
def test_too_little_is_inconclusive_at_once(kept, now):
    verdict = judged(kept, now, ended=False)
    assert verdict.outcome == "INCONCLUSIVE"
    assert (verdict.low, verdict.high) == (0, math.inf)


def test_more_confidence_than_so_few_rounds_can_give_is_inconclusive():
    assert judged(STEADY[:8], STEADY[:8], effort=Effort(0.992, 8)).outcome == "INCONCLUSIVE"


def test_wrong_verdicts_are_rare_and_large_losses_are_found():
    coin = random.Random(7)

    def outcome(ratio):
        kept = [100 * math.exp(coin.gauss(0, 0.04)) for _ in range(12)]
        now = [100 * ratio * math.exp(coin.gauss(0, 0.04)) for _ in range(30)]
        steps = (judged(kept, now[:n], ended=n == 30) for n in range(1, 31))
        return next(verdict.outcome for verdict in steps if verdict)

    at_margin = [outcome(1 / 1.2) for _ in range(60)]
    assert at_margin.count("INCONCLUSIVE") >= 57
    assert [outcome(1.0) for _ in range(30)].count("FAIL") == 0
    assert [outcome(0.6) for _ in range(30)].count("FAIL") >= 27


@given(
    st.lists(st.floats(1e-3, 1e6), min_size=8, max_size=20),
    st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=30),
    st.booleans(),
)
def test_turning_the_direction_turns_the_values(kept, now, more):
    one = judged(kept, now, more=more)
    other = judged([1 / value for value in kept], [1 / value for value in now], more=not more)
    assert one.outcome == other.outcome
    assert one.ratio == pytest.approx(other.ratio, rel=1e-6)


@pytest.mark.parametrize(
    ("kept", "now", "more", "outcome"),
    [
        (2.0, 2.0, False, "PASS"),
        (2.0, 2.2, False, "PASS"),
        (2.0, 3.0, False, "FAIL"),
        (0.0, 0.0, False, "PASS"),
        (0.0, 0.001, False, "FAIL"),
        (2.0, 1.0, True, "FAIL"),
    ],
)
def test_counts_are_compared_as_they_are(kept, now, more, outcome):
    verdict = count_since_kept(
        guard((kept,), metric="errors"), "server", now, more_is_better=more, where="3 rounds"
    )
    assert verdict.outcome == outcome
    assert "in the kept run 'before'" in verdict.why


@pytest.mark.parametrize(("number", "known"), [(7, False), (8, True), (30, True), (300, True), (301, False)])
def test_how_many_values_have_an_interval(number, known):
    assert (finished([100.0 + n % 3 for n in range(number)], 0.975) is not None) is known


def test_the_centre_of_values():
    assert centre_of(STEADY) == pytest.approx(100, rel=0.01)
