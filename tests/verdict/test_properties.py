"""What must hold for any rounds whatever."""

from __future__ import annotations

from itertools import combinations_with_replacement
from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_asyncbench.verdict import Verdict, judge
from pytest_asyncbench.verdict.signed_rank import critical, looks

GRID = 1024
SWAPPED = {"PASS": "FAIL", "FAIL": "PASS", "INCONCLUSIVE": "INCONCLUSIVE"}

# multiples of 1/1024: sums are exact, and ties are common
values = st.integers(-GRID // 2, GRID // 2).map(lambda i: i / GRID)
leaning = st.integers(-GRID // 16, GRID // 2).map(lambda i: i / GRID)
rounds = st.one_of(st.lists(values, min_size=8, max_size=40), st.lists(leaning, min_size=8, max_size=40))
# off the grid of Walsh averages, so that rounding decides nothing
margins = st.integers(-GRID // 4, GRID // 4).map(lambda i: exp((i + 0.3) / (2 * GRID)))
caps = st.sampled_from([8, 10, 12, 20, 30])

pytestmark = pytest.mark.filterwarnings("default")
usual = settings(deadline=None, max_examples=120)


def same(a: Verdict | None, b: Verdict | None) -> bool:
    """Whether two verdicts agree in outcome and rounds."""
    return (a and (a.outcome, a.rounds)) == (b and (b.outcome, b.rounds))


@usual
@given(rounds, margins, caps)
def test_agrees_with_the_definition(log_ratios: list[float], margin: float, cap: int) -> None:
    verdict = judge(log_ratios, margin=margin, max_rounds=cap, ended=True)
    assert verdict is not None
    for n, k in critical(0.05, cap):
        if n > verdict.rounds:
            break
        walsh = np.sort([(a + b) / 2 for a, b in combinations_with_replacement(log_ratios[:n], 2)])
        above, below = walsh[k - 1] > log(margin), walsh[-k] < log(margin)
        if n < verdict.rounds:
            assert not above
            assert not below
        else:
            assert verdict.outcome == ("PASS" if above else "FAIL" if below else "INCONCLUSIVE")
            assert verdict.low == pytest.approx(exp(walsh[k - 1]))
            assert verdict.high == pytest.approx(exp(walsh[-k]))
            assert verdict.ratio == pytest.approx(exp(np.median(walsh)))


@usual
@given(rounds, margins, values)
def test_shifting_all_rounds_scales_the_ratio(log_ratios: list[float], margin: float, shift: float) -> None:
    here = judge(log_ratios, margin=margin, ended=True)
    there = judge([d + shift for d in log_ratios], margin=margin * exp(shift), ended=True)
    assert same(here, there)
    assert here is not None
    assert there is not None
    assert there.ratio == pytest.approx(here.ratio * exp(shift))
    assert there.low == pytest.approx(here.low * exp(shift))


@usual
@given(rounds, margins)
def test_turning_round_swaps_pass_and_fail(log_ratios: list[float], margin: float) -> None:
    here = judge(log_ratios, margin=margin, ended=True)
    there = judge([-d for d in log_ratios], margin=1 / margin, ended=True)
    assert here is not None
    assert there is not None
    assert there.outcome == SWAPPED[here.outcome]
    assert there.rounds == here.rounds
    assert there.low == pytest.approx(1 / here.high)


@usual
@given(rounds, st.randoms(use_true_random=False))
def test_order_within_the_first_look_does_not_matter(log_ratios: list[float], random: object) -> None:
    first = log_ratios[:8]
    random.shuffle(first)  # type: ignore[attr-defined]
    assert judge(log_ratios) == judge(first + log_ratios[8:])


@usual
@given(rounds, st.integers(-20, 5))
def test_free_of_scale(log_ratios: list[float], power: int) -> None:
    assert same(judge(log_ratios, ended=True), judge([d * 2.0**power for d in log_ratios], ended=True))


@usual
@given(rounds, margins, margins)
def test_smaller_margin_is_never_harder(log_ratios: list[float], one: float, other: float) -> None:
    smaller, larger = sorted((one, other))
    easy, hard = judge(log_ratios, margin=smaller, ended=True), judge(log_ratios, margin=larger, ended=True)
    assert easy is not None
    assert hard is not None
    if hard.outcome == "PASS":
        # the one exception is giving up, which may come first at the smaller margin and decides nothing
        given_up = easy.outcome == "INCONCLUSIVE" and easy.rounds < hard.rounds
        assert given_up or (easy.outcome == "PASS" and easy.rounds <= hard.rounds)
    if easy.outcome == "FAIL":
        assert hard.outcome == "FAIL" or (hard.outcome == "INCONCLUSIVE" and hard.rounds < easy.rounds)


@usual
@given(rounds, st.lists(values, max_size=30), margins)
def test_rounds_after_a_decision_do_not_change_it(
    log_ratios: list[float], more: list[float], margin: float
) -> None:
    verdict = judge(log_ratios, margin=margin)
    assert verdict is None or judge(log_ratios + more, margin=margin) == verdict


@usual
@given(rounds, margins, caps)
def test_nothing_is_decided_between_looks(log_ratios: list[float], margin: float, cap: int) -> None:
    reached = max((look for look in looks(cap) if look <= len(log_ratios)), default=0)
    all_of_them = judge(log_ratios, margin=margin, max_rounds=cap)
    assert all_of_them == judge(log_ratios[:reached], margin=margin, max_rounds=cap)
    assert (all_of_them is not None) or len(log_ratios) < cap


@usual
@given(rounds, margins)
def test_numbers_agree_with_the_outcome(log_ratios: list[float], margin: float) -> None:
    verdict = judge(log_ratios, margin=margin, ended=True)
    assert verdict is not None
    assert verdict.low <= verdict.ratio <= verdict.high
    assert (verdict.outcome == "PASS") == (verdict.low > margin)
    assert (verdict.outcome == "FAIL") == (verdict.high < margin)
    assert f"after {verdict.rounds} rounds" in verdict.why
