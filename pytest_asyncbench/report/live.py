"""The live line on a terminal: what is under load, the ratio so far, and the time that is left at most."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TypeAlias

import pytest

from pytest_asyncbench.errors import AsyncBenchError
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.interval import interval
from pytest_asyncbench.measure.progress import Progress
from pytest_asyncbench.metrics import metric
from pytest_asyncbench.units import show_seconds
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.statements import Statement, names_of

SAVE, RESTORE, ERASE = "\x1b7", "\x1b8", "\x1b[K"


Uncaptured: TypeAlias = Callable[[], AbstractContextManager[None]]
"""Suspends pytest's capturing, so that the line is seen while a test runs."""


class LiveLine(Progress):
    """Rewrites one line behind what pytest has written; erases it when sampling has ended."""

    __slots__ = ("_began", "_effort", "_most", "_reporter", "_statements", "_uncaptured")

    def __init__(
        self,
        reporter: pytest.TerminalReporter,
        uncaptured: Uncaptured,
        statements: Sequence[Statement],
        effort: Effort,
        max_time: float,
    ) -> None:
        self._reporter = reporter
        self._uncaptured = uncaptured
        self._statements = statements
        self._effort = effort
        self._most = max_time
        self._began = time.monotonic()

    def warming(self, variant: str, seconds: float) -> None:
        self._show(f"{variant}: warming up, {seconds:.1f} s")

    def slot(self, variant: str, round_number: int, evidence: Evidence | None) -> None:
        so_far = so_far_text(evidence, self._statements, self._effort) if evidence else ""
        rounds = self._effort.max_rounds * (evidence.merged if evidence else 1)
        self._show(f"round {round_number} of {rounds}: {variant}{so_far}, {self._left(round_number, rounds)}")

    def hunting(self, requests: int, longest: float) -> None:
        passed = time.monotonic() - self._began
        left = f"{max(0.0, self._most - passed):.0f} s left at most"
        self._show(f"hunting: {requests} requests, the slowest took {show_seconds(longest)}, {left}")

    def done(self) -> None:
        self._show("")

    def _left(self, round_number: int, rounds: int) -> str:
        passed = time.monotonic() - self._began
        whole = passed / round_number * rounds if round_number else self._most
        return f"{max(0.0, min(self._most, whole) - passed):.0f} s left at most"

    def _show(self, text: str) -> None:
        writer = self._reporter._tw
        room = max(0, writer.fullwidth - writer.width_of_current_line - 2)
        with self._uncaptured():
            writer._file.write(f"{SAVE}{ERASE} {text[:room]}{RESTORE}")
            writer._file.flush()


def so_far_text(evidence: Evidence, statements: Sequence[Statement], effort: Effort) -> str:
    """ ", rps pooled / unpooled 5.1 [4.8, 5.4]" for the first comparison; else the first variant's rps."""
    for statement in statements:
        if len(names := names_of(statement)) > 1:
            a, b = names[:2]
            return f", {statement.metric} {a} / {b} {_ratio(evidence, a, b, statement.metric, effort)}"
    first = evidence.variants[0]
    try:
        found = interval([metric("rps").read(datum) for datum in evidence.data(first)], effort)
    except AsyncBenchError:
        return ""
    return f", {first} {found.centre:,.0f} rps"


def _ratio(evidence: Evidence, a: str, b: str, name: str, effort: Effort) -> str:
    read = metric(name).read
    try:
        ratios = [
            read(above) / read(below)
            for above, below in zip(evidence.data(a), evidence.data(b), strict=False)
        ]
        found = interval(ratios, effort)
    except (AsyncBenchError, ZeroDivisionError):
        return "-"
    return f"{found.centre:.3g}" + (f" [{found.low:.3g}, {found.high:.3g}]" if found.low else "")
