"""What the documents promise is true: their examples run, and their tables know every name."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from pytest_asyncbench.fixtures import STATEMENT_MARKERS
from pytest_asyncbench.metrics import METRICS
from pytest_asyncbench.options import OPTIONS
from pytest_asyncbench.servers.flags import FLAGS
from pytest_asyncbench.servers.spec import CONCURRENCY_WORDS, words
from pytest_asyncbench.traffic.load_plan import WORDS
from pytest_asyncbench.traffic.ramp_plan import RAMP_WORDS

ROOT = Path(__file__).parents[1]
REFERENCE = (ROOT / "docs" / "reference.md").read_text()


def blocks(text: str, language: str) -> list[tuple[str, str]]:
    """The fenced blocks of a language, each with the file name that stands beside it ("" without)."""
    found = re.findall(rf"^```{language}(?: file=(\S+))?$\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(name, body) for name, body in found]


@pytest.mark.parametrize("name", [*(o.name for o in OPTIONS), "smoke", "skip", "only", "selfcheck"])
def test_the_reference_knows_every_option(name):
    assert f"`--asyncbench-{name}`" in REFERENCE


@pytest.mark.parametrize("name", [*METRICS, *words(), *WORDS, *RAMP_WORDS])
def test_the_reference_knows_every_metric_and_word(name):
    assert f"`{name}`" in REFERENCE


@pytest.mark.parametrize("word", CONCURRENCY_WORDS)
def test_the_reference_says_what_a_word_becomes_in_each_program(word):
    programs = [name for name, flags in FLAGS.items() if flags]
    cells = [f"`{FLAGS[name][word]}`" if word in FLAGS[name] else "-" for name in programs]
    assert f"| word | {' | '.join(programs)} |" in REFERENCE
    assert f"| `{word}` | {' | '.join(cells)} |" in REFERENCE


@pytest.mark.parametrize("name", [*STATEMENT_MARKERS, "server", "variants", "database"])
def test_the_reference_knows_every_marker(name):
    assert f"| `{name}(" in REFERENCE


def test_the_first_two_shell_blocks_are_the_two_commands():
    readme = (ROOT / "README.md").read_text()
    run, test = [body.strip().splitlines() for _, body in blocks(readme, "sh")][:2]
    assert len(run) == len(test) == 1
    assert run[0].endswith("-m pytest example_apps -m quick")
    assert test[0].endswith("-m pytest -n 3 --dist worksteal --ignore=tests/gallery")


def test_the_tutorial_works(pytester: pytest.Pytester):
    (pytester.path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    for name, body in blocks((ROOT / "docs" / "tutorial.md").read_text(), "python"):
        if name:
            (pytester.path / name).write_text(body)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--asyncbench-smoke")
    result.assert_outcomes(passed=2)
    result = pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", "-k", "threads_beat", "--asyncbench-warmup=500ms"
    )
    result.assert_outcomes(passed=1)


def test_the_example_of_the_readme_works(pytester: pytest.Pytester):
    (pytester.path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    shutil.copytree(
        ROOT / "example_apps", pytester.path / "example_apps", ignore=shutil.ignore_patterns("*.ini")
    )
    for name in ("schema.sql", "seed.sql"):
        shutil.copy(ROOT / "example_apps" / "quotes" / name, pytester.path)
    [(_, body)] = blocks((ROOT / "README.md").read_text(), "python")
    (pytester.path / "test_readme.py").write_text(body)
    pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", "--asyncbench-smoke", "test_readme.py"
    ).assert_outcomes(passed=1)


def test_every_test_that_answers_an_article_is_there():
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", (ROOT / "docs" / "articles.md").read_text())
    assert len(named) > 20
    for path, name in named:
        assert f"def {name}(" in (ROOT / "example_apps" / path).read_text(), f"{path}::{name}"


def test_the_examples_can_be_collected(pytester: pytest.Pytester):
    """What their markers say can be meant, and the README's first command finds some of them."""
    result = pytester.runpytest_subprocess(str(ROOT / "example_apps"), "-m", "quick", "--collect-only", "-q")
    assert result.ret == 0
    result.stdout.re_match_lines([r".*test_pooled_sync_beats_unpooled", r"\d+/\d+ tests collected .*"])


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda p: p.name
)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target
