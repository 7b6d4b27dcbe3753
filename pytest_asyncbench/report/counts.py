"""What was counted, in one line for each variant."""

from __future__ import annotations

from pytest_asyncbench.errors import UnknownValue
from pytest_asyncbench.measure.counts import Counts
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.explaining import explain_count
from pytest_asyncbench.metrics import metric
from pytest_asyncbench.report.cells import UNKNOWN

SHOWN = {
    "queries_per_request": "queries",
    "rows_per_request": "rows",
    "connections_per_request": "new connections",
}


def count_lines(evidence: Evidence) -> list[str]:
    """ "counted: queries 2, rows 1, new connections 0 per request; connections at most 15"."""
    lines = []
    for variant, counts in evidence.counts.items():
        about = f" ({variant})" if len(evidence.variants) > 1 else ""
        per_request = ", ".join(f"{noun} {_shown(name, counts)}" for name, noun in SHOWN.items())
        most = _shown("connections_max", counts)
        lines.append(
            f"  counted{about}: {per_request} per request; connections at most {most}{_deadlocks(counts)}"
        )
        lines += [f"    {line}" for line in explain_count("deadlocks", counts)]
    return lines


def _shown(name: str, counts: Counts) -> str:
    entry = metric(name)
    try:
        return entry.show(entry.count(counts)) if entry.count else UNKNOWN
    except UnknownValue:
        return UNKNOWN


def _deadlocks(counts: Counts) -> str:
    return f"; deadlocks {counts.deadlocks}" if counts.deadlocks else ""
