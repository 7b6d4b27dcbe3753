"""What happens while it is measured, told to whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_asyncbench.measure.evidence import Evidence


@dataclass(slots=True)
class Progress:
    """Told what happens, for a live display; does nothing by itself."""

    def warming(self, variant: str, seconds: float) -> None:
        """A warm-up window of `variant` is about to begin, after `seconds` of warm-up."""

    def slot(self, variant: str, round_number: int, evidence: Evidence | None) -> None:
        """A slot is about to begin; `evidence` holds the rounds so far."""

    def hunting(self, requests: int, longest: float) -> None:
        """A hunt has sent so many requests; the slowest so far took `longest` seconds."""

    def done(self) -> None:
        """Sampling has ended."""
