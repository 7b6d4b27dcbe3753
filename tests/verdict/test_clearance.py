"""By how much a verdict clears its margin."""

from __future__ import annotations

from math import inf, log

import pytest

from pytest_asyncbench.verdict import Budget, NoRegression, Ordering, Tie, Verdict
from pytest_asyncbench.verdict.clearance import clearance, is_bare

BEATS = Ordering(("a", "b"), by=1.2)
TIED = Tie("a", "b", within=1.1)
KEPT = NoRegression("a", "b", within=1.1)


def verdict(outcome: str, low: float, high: float, *parts: Verdict) -> Verdict:
    return Verdict(outcome, (low * high) ** 0.5, low, high, 8, "", parts=parts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("statement", "found", "factor"),
    [
        (BEATS, verdict("PASS", 1.5, 2.0), 1.25),
        (BEATS, verdict("FAIL", 0.9, 1.0), 1.2),
        (BEATS, verdict("PASS", 1.5, 2, verdict("PASS", 1.5, 2), verdict("PASS", 1.26, 2)), 1.05),
        (TIED, verdict("PASS", 1.0, 1.05), 1.1 / 1.05),
        (TIED, verdict("PASS", 0.92, 1.0), 0.92 * 1.1),
        (TIED, verdict("FAIL", 1.21, 1.5), 1.1),
        (TIED, verdict("FAIL", 0.5, 0.8), 1 / (0.8 * 1.1)),
        (KEPT, verdict("PASS", 1.0, 1.2), 1.1),
        (KEPT, verdict("FAIL", 0.5, 0.8), 1 / (0.8 * 1.1)),
    ],
)
def test_clearance(statement: Ordering, found: Verdict, factor: float) -> None:
    assert clearance(statement, found) == pytest.approx(log(factor))


def test_what_has_none() -> None:
    assert clearance(BEATS, verdict("INCONCLUSIVE", 0.5, 2)) == inf
    assert clearance(Budget("rps", 3.0, at_least=True), verdict("PASS", 1.01, 1.02)) == inf
    assert clearance(BEATS, verdict("FAIL", 0.0, 0.0)) == inf


def test_claims_without_a_margin() -> None:
    assert is_bare(Ordering(("a", "b"), by=1.0))
    assert not any(map(is_bare, (BEATS, TIED, KEPT, Budget("rps", 1.0))))
