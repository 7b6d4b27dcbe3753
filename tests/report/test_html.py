"""The page, without a browser: no script, no address, everything escaped, a table behind each picture."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.report.file import as_json, from_json
from pytest_asyncbench.report.html import as_html
from pytest_asyncbench.report.markup import Markup, element, escaped, table

VOID = ("meta",)
OURS = {
    *[
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "header",
        "main",
        "nav",
        "section",
        "h1",
        "h2",
        "h3",
        "p",
        "ul",
        "li",
        "a",
        "span",
        "strong",
        "div",
        "i",
    ],
    *[
        "figure",
        "figcaption",
        "details",
        "summary",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "pre",
    ],
    *["svg", "defs", "g", "path", "use", "text", "tspan", "clippath", "rect", "style"],
}


class Outline(HTMLParser):
    """Every element with its attributes; the texts; and whether all of them are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)


@pytest.fixture(scope="module")
def page(report):
    return as_html(report)


@pytest.fixture(scope="module")
def outline(page):
    return Outline(page)


def test_it_is_well_formed_and_has_only_our_elements(outline):
    assert outline.open == []
    assert {tag for tag, _ in outline.tags} <= OURS


def test_no_attribute_runs_or_loads_anything(outline):
    for tag, attributes in outline.tags:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            assert name not in ("src", "srcset", "action", "formaction"), (tag, name)
            if name.endswith("href"):
                assert value.startswith("#"), value


def test_hostile_texts_are_texts(outline):
    everything = "".join(outline.texts)
    assert "<img src=x onerror=alert(1)> $x^2$ **b** | `c`" in everything
    assert '</pre><script>alert("log")</script> \\x1b[31m &amp; end' in everything


def test_every_picture_has_its_words_and_its_numbers(outline, page):
    figures = outline.count("figure")
    assert figures == outline.count("svg") == page.count('role="img" aria-label="') >= 12
    assert outline.count("figcaption") == figures
    for figure in page.split("<figure>")[1:]:
        inside = figure.partition("</figure>")[0]
        assert "<table" in inside
        assert inside.count("<tr>") > 1


def test_pictures_turn_dark_with_the_page(page):
    drawings = "".join(part.partition("</svg>")[0] for part in page.split("<svg ")[1:])
    assert "var(--s0)" in drawings
    assert "#fe00" not in drawings
    assert "#fd00" not in drawings
    assert "#000000" not in drawings


def test_ids_are_unique(outline):
    ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_from_the_file_it_is_the_same_page(report, page):
    assert as_html(from_json(as_json(report), "x")) == page


def test_a_session_without_tests_has_a_page(make_report):
    assert "no verdicts" in as_html(make_report())


def test_a_ramp_that_found_nothing_has_a_page(make_ramp_case, make_report):
    case = make_ramp_case()
    case.records[0].ramp.steps = ()
    assert "Ramp of users" not in as_html(make_report(case))


def test_cpu_and_waits_of_the_database_have_their_pictures(make_case, make_report, watched):
    case = make_case({"a": [100.0] * 8})
    case.records[0] = watched(case.records[0])
    texts = Outline(as_html(make_report(case))).texts
    assert "active / Lock / tuple" in texts
    assert "PostgreSQL" in texts
    assert any(text.startswith("limited by row locks: ") for text in texts)


def test_many_variants_have_a_page(make_case, make_report):
    rates = {f"v{number}": [100.0 + number] * 8 for number in range(30)}
    page = Outline(as_html(make_report(make_case(rates))))
    assert page.count("figure") == 2  # side by side they would not be readable


@given(st.text(), st.text())
def test_elements_escape_what_they_hold(text, value):
    found = Outline(element("p", text, title=value))
    assert [tag for tag, _ in found.tags] == ["p"]


def test_what_was_built_is_not_escaped_again():
    assert escaped(element("p", "<")) == "<p>&lt;</p>"
    assert isinstance(escaped("<"), Markup)


def test_a_table_can_be_reached_and_is_named():
    found = table("Times", ("a", "b"), [("1", "<2>")])
    assert 'role="region" aria-label="Times"' in found
    assert '<th scope="row">1</th><td>&lt;2&gt;</td>' in found
