"""What a report says of the servers beside their figures: how long they took to start, what they did not inherit."""

from __future__ import annotations

from pytest_asyncbench.measure.evidence import Evidence

ALWAYS_THERE = ("PYTEST_", "TOX_")
"""How the variables begin that pytest and tox set in every run; that a server does not get them surprises nobody."""
MOST = 4
"""Servers that are named one by one."""


def started(evidence: Evidence) -> str:
    """ "started in 0.4 s"; with variants each of them, with many the shortest and the longest."""
    took = {name: time for name, time in (evidence.startups or {}).items() if time > 0}
    if not took:
        return ""
    if len(took) == 1 or len(took) > MOST:
        low, high = min(took.values()), max(took.values())
        return f"started in {low:.1f} s" if len(took) == 1 else f"started in {low:.1f} to {high:.1f} s"
    return "started in " + ", ".join(f"{time:.1f} s ({name})" for name, time in took.items())


def cleared(evidence: Evidence) -> str:
    """Which variables of pytest's environment the servers did not get; "" if only those of every run."""
    names = [name for name in evidence.cleared if not name.startswith(ALWAYS_THERE)]
    return f"not passed on to the servers: {', '.join(names)}" if names else ""
