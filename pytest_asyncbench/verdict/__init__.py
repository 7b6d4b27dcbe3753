"""Numbers in, verdict out: the rule, and its use for every kind of statement. Standard library only."""

from __future__ import annotations

from pytest_asyncbench.verdict.budget import judge_budget, judge_count
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.estimate import Estimate, estimate, estimate_values
from pytest_asyncbench.verdict.ordering import judge_no_regression, judge_ordering
from pytest_asyncbench.verdict.rule import judge
from pytest_asyncbench.verdict.signed_rank import looks
from pytest_asyncbench.verdict.statements import Budget, NoRegression, Ordering, Statement, Tie
from pytest_asyncbench.verdict.tie import judge_tie
from pytest_asyncbench.verdict.verdict import Verdict

__all__ = [
    "Budget",
    "Effort",
    "Estimate",
    "NoRegression",
    "Ordering",
    "Statement",
    "Tie",
    "Verdict",
    "estimate",
    "estimate_values",
    "judge",
    "judge_budget",
    "judge_count",
    "judge_no_regression",
    "judge_ordering",
    "judge_tie",
    "looks",
]
