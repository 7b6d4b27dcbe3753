"""Plain text tables."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.report.table import table

CELLS = st.text("ab 1", max_size=6)


def test_texts_to_the_left_numbers_to_the_right():
    assert table(("name", "rps"), [("a", "1,234"), ("longer", "5")]) == [
        "  name      rps",
        "  a       1,234",
        "  longer      5",
    ]


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=4), st.integers(0, 3))
def test_every_row_is_a_line_with_its_cells_in_their_columns(rows, left):
    headings = ("one", "two", "three")
    lines = table(headings, rows, left=left, indent="")
    widths = [max(len(row[i]) for row in (headings, *rows)) for i in range(3)]
    assert len(lines) == len(rows) + 1
    for line, row in zip(lines, (headings, *rows), strict=True):
        assert line == line.rstrip()
        padded = line.ljust(sum(widths) + 4)
        starts = (0, widths[0] + 2, widths[0] + widths[1] + 4)
        found = [padded[start : start + width] for start, width in zip(starts, widths, strict=True)]
        assert [cell.strip() for cell in found] == [cell.strip() for cell in row]
