"""The live line on a terminal."""

from __future__ import annotations

import io
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from pytest_asyncbench.report import live
from pytest_asyncbench.report.live import ERASE, RESTORE, SAVE, LiveLine, so_far_text
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.statements import Budget, Ordering

EFFORT = Effort()
SWING = [100.0, 101, 99, 102, 98, 103, 97, 100]
CLAIM = Ordering(("a", "b"))
RATES = {"a": SWING, "b": [rate / 2 for rate in SWING]}


@pytest.fixture
def terminal(monkeypatch):
    """A terminal of 80 columns with 20 written, and a clock that stands still: `.lines()`, `.now`."""
    file = io.StringIO()
    writer = SimpleNamespace(fullwidth=80, width_of_current_line=20, _file=file)
    made = SimpleNamespace(reporter=SimpleNamespace(_tw=writer), now=0.0, writer=writer)
    made.lines = lambda: [
        text.partition(RESTORE)[0] for text in file.getvalue().split(SAVE + ERASE + " ")[1:]
    ]
    made.line = LiveLine(made.reporter, nullcontext, [CLAIM], EFFORT, 300.0)
    monkeypatch.setattr(live, "time", SimpleNamespace(monotonic=lambda: made.now))
    made.line._began = 0.0
    return made


def test_it_tells_what_happens_and_erases_itself(terminal, make_evidence):
    terminal.writer.fullwidth = 200
    terminal.line.warming("a", 1.5)
    terminal.now = 10.0
    terminal.line.slot("a", 0, None)
    terminal.line.slot("b", 8, make_evidence(RATES))
    terminal.line.done()
    assert terminal.lines() == [
        "a: warming up, 1.5 s",
        "round 0 of 30: a, 290 s left at most",
        "round 8 of 30: b, rps a / b 2 [2, 2], 28 s left at most",
        "",
    ]


def test_it_counts_all_the_rounds_that_are_merged(terminal, make_evidence):
    terminal.now = 10.0
    terminal.line.slot("a", 8, make_evidence(RATES, merged=3))
    assert terminal.lines()[0].startswith("round 8 of 90: a, rps a / b")


def test_it_never_runs_over_the_end_of_the_line(terminal, make_evidence):
    terminal.line.slot("b" * 100, 8, make_evidence(RATES))
    assert len(terminal.lines()[0]) == 80 - 20 - 2
    terminal.writer.width_of_current_line = 90
    terminal.line.warming("a", 0)
    assert terminal.lines()[1] == ""


def test_it_is_never_more_than_max_time(terminal):
    terminal.now = 299.0
    terminal.line.slot("a", 1, None)
    terminal.now = 400.0
    terminal.line.slot("a", 1, None)
    assert [line.partition(", ")[2] for line in terminal.lines()] == ["1 s left at most", "0 s left at most"]


@pytest.mark.parametrize(
    ("statements", "rates", "text"),
    [
        ([CLAIM], RATES, ", rps a / b 2 [2, 2]"),
        ([Budget("rps", 1, at_least=True), CLAIM], {"a": [100.0], "b": [25.0]}, ", rps a / b 4"),
        ([Budget("rps", 1, at_least=True)], {"a": [1234.0]}, ", a 1,234 rps"),
        ([], RATES, ", a 100 rps"),
        ([Ordering(("a", "b"), "cpu_per_request")], RATES, ", cpu_per_request a / b -"),
    ],
)
def test_what_is_known_so_far(make_evidence, statements, rates, text):
    assert so_far_text(make_evidence(rates), statements, EFFORT) == text


def test_what_is_not_known_yet(make_evidence):
    evidence = make_evidence({"a": [100.0]}, slots={"a": {"count": 0}})
    assert so_far_text(evidence, [], EFFORT) == ""
    merged = make_evidence(RATES, merged=9)
    assert so_far_text(merged, [], EFFORT) == ""
    assert so_far_text(merged, [CLAIM], EFFORT) == ", rps a / b -"
