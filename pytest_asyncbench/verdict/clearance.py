"""By how much a verdict clears its margin: what rounds of one launch cannot see may be as large as that."""

from __future__ import annotations

from math import inf, log

from pytest_asyncbench.verdict.statements import NoRegression, Ordering, Statement, Tie
from pytest_asyncbench.verdict.verdict import Verdict

LAUNCH_ALLOWANCE = 1.05
"""Factor by which launches of one program may differ: three times the standard deviation between launches, or this
until that is known for a machine (benchmarks/launches.py measures it)."""


def clearance(statement: Statement, verdict: Verdict) -> float:
    """How far the interval of a PASS or FAIL stays away from its margin, as a logarithm; inf of what has no pair of
    variants, and of what decided nothing."""
    if verdict.outcome == "INCONCLUSIVE":
        return inf
    passed = verdict.outcome == "PASS"
    match statement:
        case Ordering(by=by):
            return _one_sided(verdict, log(by), passed)
        case NoRegression(within=within):
            return _one_sided(verdict, -log(within), passed)
        case Tie(within=within):
            width = log(within)
            low, high = _log(verdict.low), _log(verdict.high)
            return min(low + width, width - high) if passed else max(low - width, -width - high)
        case _:
            return inf


def is_bare(statement: Statement) -> bool:
    """Whether a claim leaves no margin at all, so that any difference between launches would decide it."""
    return isinstance(statement, Ordering) and statement.by == 1


def _one_sided(verdict: Verdict, margin: float, passed: bool) -> float:
    if not passed:
        return margin - _log(verdict.high)
    return min(_log(part.low) for part in verdict.parts or (verdict,)) - margin


def _log(ratio: float) -> float:
    return log(ratio) if ratio > 0 else -inf
