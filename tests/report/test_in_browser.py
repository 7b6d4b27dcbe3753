"""The page in a real browser (Debian's package chromium): it opens offline and shows everything."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from pytest_asyncbench.report.html import as_html

_spec = importlib.util.spec_from_file_location(
    "asyncbench_test_browser", Path(__file__).parent / "browser.py"
)
browser = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = browser
_spec.loader.exec_module(browser)

pytestmark = pytest.mark.skipif(browser.CHROMIUM is None, reason="needs chromium: apt-get install chromium")

DRAWN = """[...document.querySelectorAll('figure svg')].map(svg => ({
    width: svg.getBoundingClientRect().width,
    height: svg.getBoundingClientRect().height,
    marks: [...svg.querySelectorAll('path, use')].filter(mark => {
        const box = mark.getBoundingClientRect(); return box.width + box.height > 0
    }).length,
    texts: [...svg.querySelectorAll('text')].map(text => text.textContent),
}))"""
COLOURS = """(() => {
    const of = (element, name) => getComputedStyle(element)[name];
    return [of(document.body, 'backgroundColor'), of(document.querySelector('svg text'), 'fill')]
})()"""

FORBIDDEN = """new Promise(resolve => {
    const seen = {};
    document.addEventListener('securitypolicyviolation', event => {
        seen[event.effectiveDirective == 'img-src' ? 'src' : 'onerror'] = event.effectiveDirective;
        if (Object.keys(seen).length == 2) resolve(seen);
    });
    document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.ran = true">');
})"""


@pytest.fixture(scope="module")
def page(report, tmp_path_factory):
    directory = tmp_path_factory.mktemp("browser")
    path = directory / "report.html"
    path.write_text(as_html(report), encoding="utf-8")
    opened = browser.Page(directory / "profile")
    opened.path = path
    try:
        yield opened
    finally:
        opened.close()


@pytest.mark.parametrize("width", [1280, 400])
def test_it_opens_offline_and_draws_everything(page, width, tmp_path):
    page.look(width)
    page.open(page.path)
    assert page.requested == [page.path.as_uri()]
    assert page.complaints == []
    drawn = page.evaluate(DRAWN)
    assert len(drawn) >= 12
    for picture in drawn:
        assert picture["width"] > 0.6 * min(width, 500)
        assert picture["height"] > 50
        assert picture["marks"] > 10
        assert len(picture["texts"]) > 3
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page scrolls to the side"
    page.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 50_000


def test_hostile_texts_are_shown_as_texts(page):
    page.look(1280)
    page.open(page.path)
    shown = page.evaluate("document.body.textContent")
    assert "<img src=x onerror=alert(1)> $x^2$ **b** | `c`" in shown
    assert '</pre><script>alert("log")</script>' in shown
    assert page.evaluate("document.querySelectorAll('script, img, iframe, link, object').length") == 0
    in_pictures = [text for picture in page.evaluate(DRAWN) for text in picture["texts"]]
    assert any(text.startswith("<img src=x") for text in in_pictures)


def test_what_would_run_is_forbidden_all_the_same(page):
    page.open(page.path)
    assert page.evaluate(FORBIDDEN) == {"onerror": "script-src-attr", "src": "img-src"}
    assert page.evaluate("window.ran") is None


def test_it_turns_dark_with_the_system(page):
    seen = []
    for scheme in ("light", "dark"):
        page.look(1280, scheme)
        page.open(page.path)
        seen.append(page.evaluate(COLOURS))
    (light_back, light_text), (dark_back, dark_text) = seen
    assert light_back == dark_text == "rgb(255, 255, 255)" or (light_back != dark_back)
    assert light_text != dark_text


def test_a_screen_reader_finds_names_and_tables(page):
    page.look(1280)
    page.open(page.path)
    unnamed = "[...document.querySelectorAll('svg')].filter(svg => !svg.getAttribute('aria-label')).length"
    assert page.evaluate(unnamed) == 0
    bare = "[...document.querySelectorAll('figure')].filter(figure => !figure.querySelector('table')).length"
    assert page.evaluate(bare) == 0
    assert page.evaluate("document.documentElement.lang") == "en"
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(each => each.tagName)")
    assert levels[0] == "H1"
    assert levels.count("H1") == 1
