"""The terminal summary: one block per test that fired load, and a line that counts the verdicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from pytest_asyncbench.judging import Outcome
from pytest_asyncbench.report.text import explain
from pytest_asyncbench.testcase import TestCase

COLOURS: dict[Outcome, str] = {"PASS": "green", "FAIL": "red", "INCONCLUSIVE": "yellow", "INVALID": "red"}


def write(reporter: pytest.TerminalReporter, cases: Sequence[TestCase]) -> None:
    """Write the blocks; nothing where no load was fired. What a failed test has said already is not repeated."""
    fired = [case for case in cases if case.records]
    if not fired:
        return
    failures_are_shown = reporter.config.option.tbstyle != "no"
    reporter.section("asyncbench", sep="=", blue=True)
    for case in fired:
        if case.explained and failures_are_shown:
            reporter.write_line(f"{case.name}: {case.outcome()}, see above", bold=True)
            continue
        reporter.write_line(case.name, bold=True)
        for line in explain(case).splitlines():
            reporter.write_line(line, **_markup(line))
        reporter.write_line("")
    counts = Counter(judgement.outcome for case in fired for judgement in case.told())
    counts["INCONCLUSIVE"] += sum(case.undecided for case in fired)
    if counts.total():
        told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in COLOURS if counts[outcome])
        reporter.write_line(f"verdicts: {told}")


def _markup(line: str) -> dict[str, bool]:
    return {colour: True for outcome, colour in COLOURS.items() if line.lstrip().startswith(f"{outcome} ")}
