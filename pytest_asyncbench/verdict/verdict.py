"""What a statement comes to: the numbers, and one sentence that explains them."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_asyncbench.verdict.datum import ratio_of
from pytest_asyncbench.verdict.decision import Finding, Outcome
from pytest_asyncbench.verdict.sentences import Words, explain


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


def verdict_of(finding: Finding, words: Words) -> Verdict:
    """A finding as ratios, with its sentence."""
    numbers = ratio_of(finding.centre), ratio_of(finding.low), ratio_of(finding.high)
    ratio, low, high = (f"{number:.4g}" for number in numbers)
    why = explain(finding, (ratio, low, high), words)
    return Verdict(finding.outcome, *numbers, finding.rounds, why, words.subject)
