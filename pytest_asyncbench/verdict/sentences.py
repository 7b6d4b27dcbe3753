"""One sentence with the numbers, for every outcome."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_asyncbench.verdict.decision import Finding


@dataclass(frozen=True, slots=True)
class Words:
    """What was measured (`rps pooled / unpooled`), and how to say where it is claimed to be and where not."""

    subject: str
    inside: str
    outside: str
    bound: str


def beyond(margin: float, subject: str = "ratio") -> Words:
    """Words for one margin."""
    return Words(subject, "beyond", "short of", f"{margin:.4g}")


def counted(number: int) -> str:
    """`1 round`, `8 rounds`."""
    return f"{number} round" if number == 1 else f"{number} rounds"


def explain(finding: Finding, numbers: tuple[str, str, str], words: Words) -> str:
    """Why a finding is what it is. `numbers` are estimate, low and high end, as they are to be shown."""
    if finding.rounds == 0:
        return f"{words.subject}: no round was measured"
    centre, low, high = numbers
    after = f"after {counted(finding.rounds)}"
    if finding.stopped == "ended" and finding.low == -inf and finding.high == inf:
        few = f"too few rounds for an interval; the first look is after {finding.first_look}"
        return f"{words.subject} {centre} {after}: {few}"
    seen = f"{words.subject} {centre} [{low}, {high}] {after}"
    if finding.outcome == "PASS":
        return f"{seen}: all of it is {words.inside} {words.bound}"
    if finding.outcome == "FAIL":
        return f"{seen}: all of it is {words.outside} {words.bound}"
    neither = f"is neither clearly {words.inside} nor clearly {words.outside} {words.bound}"
    return f"{seen} {neither}{_end(finding)}; {_needed(finding)}"


def _end(finding: Finding) -> str:
    reasons = {
        "": "",
        "hopeless": ", nor likely to become so in the rounds left",
        "ended": ", and time ran out",
    }
    return reasons[finding.stopped]


def _needed(finding: Finding) -> str:
    if finding.needed is None:
        return "it is too close for any number of rounds"
    return (
        f"about {finding.needed} rounds would have decided, in four runs out of five, were it what it seems"
    )
