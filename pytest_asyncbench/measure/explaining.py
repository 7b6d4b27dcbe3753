"""What a count is made of, in lines: the statements by calls per request, as Django lists queries."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_asyncbench.measure.counts import Counts
from pytest_asyncbench.postgres.statements import StatementCount

LISTED = 20
LONGEST = 300
"""Characters of a statement that are shown."""


def explain_count(metric: str, counts: Counts) -> tuple[str, ...]:
    """Lines that say where a number comes from; none for one that says it itself."""
    if metric == "deadlocks":
        return tuple(
            f"ended by a deadlock: {_cut(text)}" for text in dict.fromkeys(counts.deadlocked) if text
        )
    if metric in ("queries_per_request", "rows_per_request"):
        return statement_lines(counts)
    return ()


def statement_lines(counts: Counts) -> tuple[str, ...]:
    """The queries of a burst by calls per request, and in one line what was not counted."""
    if not counts.statements or not counts.requests:
        return ()
    asked = [each for each in counts.statements if each.is_query]
    others = [each for each in counts.statements if not each.is_query]
    lines = ["calls/request  rows/request  statement"]
    lines += [_line(each, counts.requests) for each in asked[:LISTED]]
    if len(asked) > LISTED:
        lines.append(f"... and {len(asked) - LISTED} more")
    return (*lines, *_not_counted(others, counts.requests))


def _line(each: StatementCount, requests: int) -> str:
    calls, rows = each.calls / requests, each.rows / requests
    return f"{_number(calls):>13}  {_number(rows):>12}  {_cut(each.text)}"


def _not_counted(others: Sequence[StatementCount], requests: int) -> list[str]:
    told = ", ".join(f"{_number(each.calls / requests)} {_cut(each.text, 40)}" for each in others[:5])
    return [f"not counted as queries: {told}"] if told else []


def _number(value: float) -> str:
    return f"{value:.4g}"


def _cut(text: str, longest: int = LONGEST) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 3] + "..."
