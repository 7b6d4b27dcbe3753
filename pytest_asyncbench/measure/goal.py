"""When sampling ends, and who is in its rounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pytest_asyncbench.measure.evidence import Evidence


class Field(Protocol):
    """Who goes on in a race."""

    def running(self, evidence: Evidence) -> Sequence[str]:
        """The variants of the next round; none: it is over."""

    def put_out(self, variant: str, why: str) -> None:
        """A variant cannot be measured; the others go on."""


@dataclass(frozen=True, slots=True)
class Goal:
    """When sampling ends: `decided` says so from the evidence so far, looked at after every round.

    `cap` is the number of data at most; 0: the warm-up alone. `answers` is what a datum must hold for `metric`, the
    most demanding one. In a race `field` says who is in each round.
    """

    cap: int
    decided: Callable[[Evidence], bool]
    answers: int = 1
    metric: str = ""
    field: Field | None = None

    def running(self, evidence: Evidence) -> Sequence[str]:
        """The variants of the next round."""
        return evidence.variants if self.field is None else self.field.running(evidence)
