"""judge(): what it decides when, what it says, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from math import exp, inf, log, nan

import pytest

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.verdict import Verdict, judge
from pytest_asyncbench.verdict.effort import MOST_ROUNDS, Effort

CLEAR = [0.30, 0.31, 0.29, 0.33, 0.28, 0.32, 0.30, 0.31]
FEW = "too few rounds for an interval; the first look is after 8"
UNDECIDED = [0.01, -0.02, 0.03, -0.04, 0.05, -0.06, 0.07, -0.08]


def decided(log_ratios: list[float], **how: float) -> Verdict:
    """The verdict, which must have been given."""
    verdict = judge(log_ratios, **how)  # type: ignore[arg-type]
    assert verdict is not None
    return verdict


def test_clear_difference_passes_at_the_first_look() -> None:
    assert judge(CLEAR[:7]) is None
    verdict = decided(CLEAR)
    assert verdict.outcome == "PASS"
    assert verdict.rounds == 8
    assert (verdict.low, verdict.high) == (exp(0.28), exp(0.33))
    assert verdict.low < verdict.ratio < verdict.high
    assert verdict.why == "ratio 1.357 [1.323, 1.391] after 8 rounds: all of it is beyond 1"


def test_turned_round_it_fails() -> None:
    verdict = decided([-d for d in CLEAR], margin=1.2)
    assert verdict.outcome == "FAIL"
    assert verdict.why == "ratio 0.7371 [0.7189, 0.7558] after 8 rounds: all of it is short of 1.2"


def test_margin_within_the_interval_goes_on() -> None:
    assert judge(CLEAR, margin=1.35) is None


def test_between_looks_nothing_new_is_decided() -> None:
    late = [-0.001, *CLEAR[:7], *CLEAR[:4]]
    assert judge(late[:8]) is None
    assert judge(late[:11]) is None
    assert decided(late).rounds == 12


def test_infinitely_many_rounds_cannot_overturn_the_first_decision() -> None:
    assert decided(CLEAR + [-9.0] * 100) == decided(CLEAR)


def test_last_look_always_decides() -> None:
    verdict = decided([0.5, -0.5, 0.4, -0.6] * 8, max_rounds=30)
    assert verdict.outcome == "INCONCLUSIVE"


def test_given_up_early_with_the_rounds_that_it_would_take() -> None:
    verdict = decided([*UNDECIDED, 0.02, -0.01, 0.02, 0.01])
    assert verdict.outcome == "INCONCLUSIVE"
    assert verdict.rounds == 12
    assert "nor likely to become so in the rounds left; " in verdict.why
    assert "rounds" in verdict.why.split(";")[1]


def test_nothing_is_given_up_at_the_first_look() -> None:
    assert judge(UNDECIDED) is None


def test_rounds_needed_are_about_right() -> None:
    # z grows with the square root of the rounds: half of the threshold asks for four times as many
    pattern = [0.09, -0.05, 0.08, -0.08, 0.07, -0.01]
    verdict = decided(pattern * 5)
    needed = int(verdict.why.split("about ")[1].split()[0])
    assert 30 < needed < 300
    assert decided(pattern * (needed // 6 + 1), max_rounds=needed // 6 * 6 + 6).outcome == "PASS"


@pytest.mark.parametrize(("rounds", "low"), [(0, 0.0), (7, 0.0), (8, exp(-0.08)), (11, exp(-0.08))])
def test_ended_gives_what_there_is(rounds: int, low: float) -> None:
    verdict = decided((UNDECIDED * 2)[:rounds], ended=True)
    assert verdict.outcome == "INCONCLUSIVE"
    assert verdict.low == low
    assert verdict.rounds == min(rounds, 8)
    assert verdict.ratio > 0


def test_ended_says_so() -> None:
    assert decided([], ended=True).why == "ratio: no round was measured"
    assert decided([0.0], ended=True).why == "ratio 1 after 1 round: " + FEW
    assert ", and time ran out; it is too close" in decided([0.1, -0.1] * 4, ended=True).why


def test_ended_changes_no_decision() -> None:
    assert judge(CLEAR, ended=True) == judge(CLEAR)


def test_confidence_without_a_look_at_eight() -> None:
    assert judge(CLEAR, confidence=0.99) is None
    assert decided([*CLEAR, *CLEAR[:4]], confidence=0.99).rounds == 12


def test_equal_rounds_at_the_margin_are_no_evidence() -> None:
    verdict = decided([0.0] * 30)
    assert verdict.outcome == "INCONCLUSIVE"
    assert verdict.ratio == 1
    assert "too close for any number of rounds" in verdict.why


def test_huge_ratios_do_not_overflow() -> None:
    verdict = decided([1000.0] * 8)
    assert verdict.outcome == "PASS"
    assert verdict.ratio == inf


@pytest.mark.parametrize("bad", [nan, inf, -inf, "fast", None])
def test_values_that_are_no_logarithms(bad: object) -> None:
    with pytest.raises(SpecError, match=r"^round 3 gave "):
        judge([0.1, 0.2, bad, 0.3])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"margin": 0.0}, "margin=0.0 is no ratio"),
        ({"margin": -1.2}, "give a positive number"),
        ({"margin": nan}, "margin=nan"),
        ({"margin": inf}, "margin=inf"),
        ({"margin": "20%"}, "margin='20%'"),
        ({"confidence": 0.0}, "between 0 and 1"),
        ({"confidence": 1.0}, "between 0 and 1"),
        ({"confidence": 95}, "confidence=95"),
        ({"confidence": nan}, "confidence=nan"),
        ({"max_rounds": 7}, "fewer than 8 rounds decide nothing"),
        ({"max_rounds": 12.0}, "whole number"),
        ({"max_rounds": True}, "whole number"),
        ({"max_rounds": MOST_ROUNDS + 1}, "wider margin"),
        ({"max_rounds": 8, "confidence": 0.999}, "out of reach in 8 rounds"),
    ],
)
def test_numbers_that_cannot_be_meant(how: dict[str, float], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        judge(CLEAR, **how)  # type: ignore[arg-type]


def test_confidence_is_read_as_the_decimal_that_was_written() -> None:
    assert Effort(0.95).alpha == 0.05
    assert Effort(0.99).alpha == 0.01


def test_numpy_arrays_are_values_too() -> None:
    numpy = pytest.importorskip("numpy")
    assert judge(numpy.array(CLEAR)) == judge(CLEAR)


def test_margin_is_a_ratio_not_a_logarithm() -> None:
    assert decided([log(2.0)] * 8, margin=1.99).outcome == "PASS"
    assert decided([log(2.0)] * 8, margin=2.01).outcome == "FAIL"


def test_import_is_light() -> None:
    script = (
        "import sys, pytest_asyncbench.verdict;"
        "print(*{'numpy', 'scipy', 'statistics', 'fractions', 'decimal', 'random'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""
