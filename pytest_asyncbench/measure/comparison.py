"""What a comparison of measured values says: true, false or undecided, and with which numbers."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from math import isfinite
from types import TracebackType

from pytest_asyncbench.errors import Inconclusive
from pytest_asyncbench.measure.interval import Interval


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left sign right`. As a condition it is true or false; undecided (`answer` is None) it raises Inconclusive.

    `ratio` is left over right with its interval, from `rounds` rounds. `undecided` says why there is no answer.
    """

    left: str
    sign: str
    right: str
    ratio: Interval
    rounds: int
    answer: bool | None
    undecided: str = ""

    def __bool__(self) -> bool:
        if self.answer is None:
            raise Inconclusive(self.undecided)
        remember("; ".join(self.lines()), sys._getframe(1).f_code, sys._getframe(1).f_lineno)
        return self.answer

    def lines(self) -> list[str]:
        """Both values, the ratio with its interval, and what it rests on."""
        is_it = "so" if self.answer else "not so"
        return [f"{self.left} {self.sign} {self.right}", f"{is_it}: ratio {self.evidence()}"]

    def evidence(self) -> str:
        """`0.834 [0.81, 0.852] after 12 rounds`."""
        low, high = self.ratio.low, self.ratio.high
        bounds = f" [{low:.3g}, {high:.3g}]" if isfinite(high) and low != high else ""
        return f"{self.ratio.centre:.3g}{bounds} after {self.rounds} round{'s' * (self.rounds != 1)}"


class _Latest:
    """The comparison that was last asked for its answer: its words, and where that was."""

    words = ""
    code: object = None
    line = 0


def remember(words: str, code: object, line: int) -> None:
    """Keep what a comparison said, for an assert that fails on it without saying why."""
    _Latest.words, _Latest.code, _Latest.line = words, code, line


def failed_on(traceback: TracebackType | None) -> str:
    """What the comparison said on which the assert at the end of a traceback failed; empty if that was none of ours.

    It was, if the last one was asked within the lines of the statement that raised.
    """
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None or traceback.tb_frame.f_code is not _Latest.code:
        return ""
    positions = list(traceback.tb_frame.f_code.co_positions())[traceback.tb_lasti // 2]
    first, last = positions[0] or traceback.tb_lineno, positions[1] or traceback.tb_lineno
    return _Latest.words if first <= _Latest.line <= last else ""
