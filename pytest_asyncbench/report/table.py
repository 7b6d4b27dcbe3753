"""A plain text table: headings, rows, columns as wide as they must be."""

from __future__ import annotations

from collections.abc import Sequence


def table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1, indent: str = "  "
) -> list[str]:
    """Lines of text; the first `left` columns are aligned to the left, the others (numbers) to the right."""
    widths = [max(len(row[column]) for row in (headings, *rows)) for column in range(len(headings))]
    return [
        indent + "  ".join(_cell(text, widths[i], i < left) for i, text in enumerate(row)).rstrip()
        for row in (headings, *rows)
    ]


def _cell(text: str, width: int, to_the_left: bool) -> str:
    return text.ljust(width) if to_the_left else text.rjust(width)
