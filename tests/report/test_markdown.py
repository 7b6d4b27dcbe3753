"""Markdown: the verdicts first, and nothing from outside that means anything."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.report.file import as_json, from_json
from pytest_asyncbench.report.markdown import as_markdown, escaped
from pytest_asyncbench.verdict.statements import Budget

TAG = re.compile(r"<(?!/?(?:details|summary|pre)>)")


def test_the_verdicts_come_first(report):
    lines = as_markdown(report).splitlines()
    assert lines[0] == "## asyncbench: 1 INVALID, 1 FAIL, 3 PASS"
    table = [line for line in lines if line.startswith("| ")]
    assert table[0] == "| verdict | statement | ratio | test |"
    assert "PASS" in table[2]
    assert "2 \\[2, 2\\]" in table[2]


def test_what_a_server_says_means_nothing(report):
    text = as_markdown(report)
    assert not TAG.search(text)
    assert "&lt;script&gt;alert" in text
    assert "\\*\\*b\\*\\*" in text
    assert "interrupted" in text


def test_every_row_of_a_table_has_its_columns(report):
    widths = {}
    for line in as_markdown(report).splitlines():
        if line.startswith("|"):
            widths.setdefault(len(widths) if not widths else max(widths), set()).add(line.count("|"))
        else:
            widths[len(widths)] = set()
    assert all(len(width) <= 1 for width in widths.values())


def test_from_the_file_it_is_the_same(report):
    assert as_markdown(from_json(as_json(report), "x")) == as_markdown(report)


def test_a_limiter_has_its_column(make_case, make_report, watched):
    case = make_case({"a": [100.0] * 8}, Budget("rps", 5, at_least=True))
    case.records[0] = watched(case.records[0])
    text = as_markdown(make_report(case))
    assert "| verdict | statement | ratio | limited by | test |" in text
    assert "| row locks |" in text
    assert "- limited by row locks: " in text


@given(st.text())
def test_an_escaped_text_stays_in_its_cell(text):
    found = escaped(text)
    assert "\n" not in found
    assert "|" not in found
    assert "<" not in found


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("cpu_per_request", "cpu_per_request"),
        ("_x_", "\\_x\\_"),
        ("test.py::test_it[a-b]", "test.py::test_it\\[a-b\\]"),
        (":smile:", "&#58;smile:"),
        ("1. one", "1\\. one"),
        ("4.02 [4, 5]", "4.02 \\[4, 5\\]"),
        ("- x", "\\- x"),
        ("a\n\n# b", "a # b"),
        ("`a` $b$ ~c~", "\\`a\\` \\$b\\$ \\~c\\~"),
    ],
)
def test_how_texts_are_written(text, written):
    assert escaped(text) == written
