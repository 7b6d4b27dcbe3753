"""Load tests under pytest-xdist: skipped, and told in one line of the summary, which nobody has to ask for."""

from __future__ import annotations

import pytest

HOW = "run them with: pytest --asyncbench-only -n0"
UNDER_XDIST = f"load tests are not run by pytest-xdist, whose workers would slow each other down; {HOW}"
"""The reason of each skip."""


def write_skipped(reporter: pytest.TerminalReporter) -> None:
    """One line about all load tests that the workers have skipped; nothing if there are none."""
    reports = reporter.stats.get("skipped", ())
    number = sum(UNDER_XDIST in str(getattr(report, "longrepr", "")) for report in reports)
    if number:
        told = "1 load test was" if number == 1 else f"{number} load tests were"
        reporter.write_line(
            f"asyncbench: {told} skipped: pytest-xdist's workers would slow each other down; {HOW}"
        )
