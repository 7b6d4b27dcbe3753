"""One sentence with the numbers, for every outcome."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_asyncbench.verdict.decision import Finding


def interval_text(numbers: tuple[float, float, float]) -> str:
    """Estimate and interval: `1.31 [1.22, 1.4]`."""
    centre, low, high = numbers
    return f"{centre:.4g} [{low:.4g}, {high:.4g}]"


def explain(finding: Finding, numbers: tuple[float, float, float], bound: str, subject: str) -> str:
    """Why a finding is what it is. `numbers`, `bound` and `subject` are shown as they are given."""
    if finding.rounds == 0:
        return f"{subject}: no round was measured"
    after = f"after {finding.rounds} rounds"
    if finding.low == -inf and finding.high == inf:
        return f"{subject} {numbers[0]:.4g} {after}: too few rounds for an interval, so {bound} stays open"
    seen = f"{subject} {interval_text(numbers)} {after}"
    if finding.outcome == "PASS":
        return f"{seen}: all of it is beyond {bound}"
    if finding.outcome == "FAIL":
        return f"{seen}: all of it is short of {bound}"
    return f"{seen} is not clear of {bound}{_end(finding)}; {_needed(finding)}"


def _end(finding: Finding) -> str:
    reasons = {
        "": "",
        "hopeless": ", and going on would hardly have changed that",
        "ended": " when time ran out",
    }
    return reasons[finding.stopped]


def _needed(finding: Finding) -> str:
    if finding.needed is None:
        return "it is too close for any number of rounds"
    return f"about {finding.needed} rounds would have decided"
