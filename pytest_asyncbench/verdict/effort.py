"""How sure a verdict has to be, and how many rounds may be spent on it."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.verdict.signed_rank import FIRST_LOOK, critical

MOST_ROUNDS = 300
"""More would need minutes for the constants alone."""


@dataclass(frozen=True, slots=True)
class Effort:
    """`confidence` is 1 minus the share of wrong verdicts allowed, `max_rounds` the number of the last look.

    `launch_allowance` is the factor by which launches of a server may differ: a comparison whose interval clears its
    margin by less is looked at again after more rounds, if they are likely to clear it. `first_look` is after how many
    rounds a verdict may be given at all.

    Raises SpecError for numbers with which no verdict could ever be given.
    """

    confidence: float = 0.95
    max_rounds: int = 30
    launch_allowance: float = 1.0
    first_look: int = FIRST_LOOK

    def __post_init__(self) -> None:
        _check_confidence(self.confidence)
        _check_rounds(self.max_rounds)
        if self.looks[-1][1] == 0:
            raise SpecError(
                f"confidence={self.confidence!r} is out of reach in {self.max_rounds} rounds: "
                "ask for more rounds or for less confidence"
            )

    @property
    def alpha(self) -> float:
        """The share of wrong verdicts allowed, half of it for PASS and half for FAIL."""
        return round(1 - self.confidence, 12)

    @property
    def looks(self) -> tuple[tuple[int, int], ...]:
        """(rounds, k) of every look: see `critical`."""
        return critical(self.alpha, self.max_rounds, self.first_look)


def _check_confidence(confidence: float) -> None:
    if not isinstance(confidence, int | float) or not 0 < confidence < 1:
        raise SpecError(f"confidence={confidence!r}: give a probability between 0 and 1, like 0.95")


def _check_rounds(rounds: int) -> None:
    if isinstance(rounds, bool) or not isinstance(rounds, int):
        raise SpecError(f"max_rounds={rounds!r}: give a whole number, like 30")
    if rounds < FIRST_LOOK:
        raise SpecError(f"max_rounds={rounds}: fewer than {FIRST_LOOK} rounds decide nothing, give 30")
    if rounds > MOST_ROUNDS:
        raise SpecError(
            f"max_rounds={rounds}: more than {MOST_ROUNDS} are not planned for; claim a wider margin"
        )
