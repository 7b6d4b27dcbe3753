"""How well the clocks of load agents on other machines are known, in words. Pure."""

from __future__ import annotations

from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.units import show_seconds


def clock_notes(evidence: Evidence) -> list[str]:
    """That agents had clocks of their own, and to within what they were aligned; nothing where all share one."""
    slots = [slot for variant in evidence.variants for slot in evidence.slots(variant)]
    worst = max((slot.samples.clock_error for slot in slots), default=0.0)
    if not worst:
        return []
    return [
        f"the load agents' clocks were aligned within {show_seconds(worst)} (half of the shortest round trip)"
    ]
