"""The rule that decides: rounds in, verdict out. Pure, exact, and only at planned looks."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite, log

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.verdict.decision import Band, Finding, decide
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.sentences import explain
from pytest_asyncbench.verdict.verdict import Verdict, ratio_of


def judge(
    log_ratios: Iterable[float],
    *,
    margin: float = 1.0,
    confidence: float = 0.95,
    max_rounds: int = 30,
    ended: bool = False,
) -> Verdict | None:
    """Whether A is more than `margin` times B, from log(A/B) of the rounds so far; None: go on sampling.

    PASS if at a look (8, 12, 18, 30 rounds) the whole interval lies above `margin`, FAIL if all of it lies
    below. The first look that decides counts, and rounds after it change nothing; between looks nothing
    new is decided. INCONCLUSIVE at the last look, or earlier when going on would hardly decide. With
    `ended` no more rounds will come: what is still open becomes INCONCLUSIVE.

    Whatever the noise, a wrong PASS and a wrong FAIL have a probability of (1 - confidence)/2 at most
    each, as long as the order within each round was drawn by a fair coin.

    Raises SpecError for a value or a number that cannot be meant.
    """
    effort = Effort(confidence, max_rounds)
    band = Band(lower=log_of(margin, "margin"))
    finding = decide(checked_logs(log_ratios), band, effort, ended=ended)
    return None if finding is None else verdict_of(finding, f"{margin:.4g}")


def verdict_of(finding: Finding, margin: str, subject: str = "") -> Verdict:
    """A finding as ratios, with its sentence; `margin` and `subject` are the words for them."""
    ratio, low, high = map(ratio_of, (finding.centre, finding.low, finding.high))
    why = explain(finding, (ratio, low, high), margin, subject or "ratio")
    return Verdict(finding.outcome, ratio, low, high, finding.rounds, why, subject)


def log_of(ratio: float, name: str) -> float:
    """The logarithm of a claimed ratio. Raises SpecError unless that is a positive, finite number."""
    if isinstance(ratio, int | float) and isfinite(ratio) and ratio > 0:
        return log(ratio)
    raise SpecError(f"{name}={ratio!r} is no ratio: give a positive number, 1.2 for 20 % more")


def checked_logs(log_ratios: Iterable[float]) -> list[float]:
    """The values as floats. Raises SpecError, with the round, for one that is not a finite number."""
    values = []
    for number, given in enumerate(log_ratios, 1):
        try:
            value = float(given)
        except (TypeError, ValueError):
            raise SpecError(f"round {number} gave {given!r}: the logarithm of a ratio is a number") from None
        if not isfinite(value):
            raise SpecError(
                f"round {number} gave {given!r}: a slot without one good answer has no ratio; "
                "such a run is INVALID and is not judged"
            )
        values.append(value)
    return values
