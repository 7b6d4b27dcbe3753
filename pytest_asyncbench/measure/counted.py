"""Numbers that are counted, not sampled: read from what a load call counted, or from all its slots together."""

from __future__ import annotations

from pytest_asyncbench.errors import UnknownValue
from pytest_asyncbench.measure.counts import NO_DATABASE
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.metrics import Metric


def counted(evidence: Evidence, variant: str, entry: Metric) -> float:
    """The number of a counted metric: counted beside the slots, or in all of them. Raises UnknownValue."""
    if entry.count is None:
        return entry.read(evidence.everything(variant))
    if variant not in evidence.counts:
        raise UnknownValue(f"{entry.name}: {NO_DATABASE}; of a ramp nothing is counted")
    return entry.count(evidence.counts[variant])


def where(evidence: Evidence, variant: str, entry: Metric) -> str:
    """What a number was counted in, in words."""
    rounds = len(evidence.rounds)
    if entry.name in CALL_WIDE:
        return "the whole load call"
    if entry.is_exact and variant in evidence.counts:
        return f"a burst of {evidence.counts[variant].requests} requests"
    if not rounds:
        return (
            f"a burst of {sum(len(slot.samples.outcome) for slot in evidence.everything(variant))} requests"
        )
    return f"{rounds} round{'s' * (rounds != 1)}"


CALL_WIDE = ("deadlocks", "connections_max")
"""Counted from the beginning of a load call to its end."""
