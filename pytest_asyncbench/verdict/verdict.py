"""What a statement comes to: the numbers, and one sentence that explains them."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf
from typing import Literal

Outcome = Literal["PASS", "FAIL", "INCONCLUSIVE"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one statement.

    `ratio` is the median Walsh average of the rounds, `low` and `high` the ends of its interval (0 and inf
    where there were too few rounds for one). All three are ratios, not logarithms: A over B for a
    comparison (turned round for metrics where less is better), measured value over limit for a budget.
    `rounds` is the number of rounds that they rest on. `subject` names what was compared; `parts` are the
    verdicts of the comparisons that a statement about several variants consists of, as far as they were
    given.
    """

    outcome: Outcome
    ratio: float
    low: float
    high: float
    rounds: int
    why: str
    subject: str = ""
    parts: tuple[Verdict, ...] = ()


def ratio_of(log_ratio: float) -> float:
    """exp, which for a huge logarithm is inf instead of an error."""
    try:
        return exp(log_ratio)
    except OverflowError:
        return inf
