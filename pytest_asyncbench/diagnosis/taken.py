"""Time that the machine took away from everybody: above a share, a measurement says nothing about a server. Pure."""

from __future__ import annotations

from statistics import fmean

from pytest_asyncbench.measure.evidence import Evidence

MOST = 0.1
"""Share of the CPU time stolen by the hypervisor, or of a CPU quota's periods in which it was used up."""


def taken(evidence: Evidence) -> list[str]:
    """What was taken from each variant, in words; empty if it was little."""
    found = []
    for variant in evidence.variants:
        counters = [slot.counters for slot in evidence.slots(variant) if slot.counters]
        stolen = fmean(each.stolen for each in counters) if counters else 0.0
        throttled = fmean(each.throttled for each in counters) if counters else 0.0
        if stolen > MOST:
            found.append(
                f"{variant}: {stolen:.0%} of the CPU time was stolen by the machine's hypervisor, more than {MOST:.0%}"
            )
        if throttled > MOST:
            found.append(
                f"{variant}: its CPU quota was used up in {throttled:.0%} of the periods, more than {MOST:.0%}: "
                "the quota was measured, not the server"
            )
    return found
