"""What the documents promise is true: their examples run, and their tables know every name."""

from __future__ import annotations

import inspect
import re
import runpy
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

import pytest_asyncbench
from pytest_asyncbench import errors, fixtures, hookspecs
from pytest_asyncbench.diagnosis import limiter
from pytest_asyncbench.fixtures import STATEMENT_MARKERS
from pytest_asyncbench.metrics import METRICS
from pytest_asyncbench.options import INI_ONLY, OPTIONS
from pytest_asyncbench.report.document import Report
from pytest_asyncbench.servers.flags import FLAGS
from pytest_asyncbench.servers.spec import CONCURRENCY_WORDS, words
from pytest_asyncbench.traffic.load_plan import WORDS
from pytest_asyncbench.traffic.outcomes import OUTCOMES
from pytest_asyncbench.traffic.race_plan import RACE_WORDS
from pytest_asyncbench.traffic.ramp_plan import RAMP_WORDS
from pytest_asyncbench.traffic.slowest_plan import SLOWEST_WORDS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
EXAMPLES = DOCS / "examples"
PAGES = sorted(DOCS.rglob("*.md"))
REFERENCE = (DOCS / "reference.md").read_text()
FLAGS_WITHOUT_VALUE = ["smoke", "no-smoke", "skip", "only", "selfcheck", "against-all"]
LIMITERS = get_args(limiter.Name)
ERRORS = [name for name, _ in inspect.getmembers(errors, inspect.isclass)]
HOOKS = [name for name in vars(hookspecs) if name.startswith("pytest_asyncbench_")]
FIXTURES = ["load", "aload", "server", "database", "upstream", "postgres"]


def blocks(text: str, language: str) -> list[tuple[str, str]]:
    """The fenced blocks of a language, each with the file name that stands beside it ("" without)."""
    found = re.findall(rf"^```{language}(?: file=(\S+))?$\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(name, body) for name, body in found]


@pytest.mark.parametrize(
    "name", [*(o.name for o in OPTIONS), *(name for name in FLAGS_WITHOUT_VALUE if name != "no-smoke")]
)
def test_the_reference_knows_every_option(name):
    assert f"`--asyncbench-{name}`" in REFERENCE


@pytest.mark.parametrize(
    "name", [*pytest_asyncbench.__all__, *ERRORS, *HOOKS, *(key for key, *_ in INI_ONLY)]
)
def test_the_reference_knows_every_public_name(name):
    assert re.search(rf"\b{name}\b", REFERENCE)


@pytest.mark.parametrize("name", FIXTURES)
def test_the_reference_knows_every_fixture(name):
    assert hasattr(fixtures, name)
    assert f"| `{name}` | " in REFERENCE


@pytest.mark.parametrize("name", [field.name for field in fields(Report)])
def test_the_reference_knows_every_key_of_a_report(name):
    assert re.search(rf"`{name}\b", REFERENCE.partition("## JSON")[2].partition("\n## ")[0])


@pytest.mark.parametrize("name", OUTCOMES)
def test_every_outcome_is_explained(name):
    assert f"`{name}`" in (DOCS / "explanation" / "load-agent.md").read_text()


@pytest.mark.parametrize("name", LIMITERS)
@pytest.mark.parametrize("page", ["explanation/limiter.md", "how-to/read-a-limiter.md"])
def test_every_limiter_is_explained(name, page):
    assert f"\n| {name} |" in (DOCS / page).read_text()


@pytest.mark.parametrize("name", [*METRICS, *words(), *WORDS, *RAMP_WORDS, *RACE_WORDS, *SLOWEST_WORDS])
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
    assert test[0].endswith(
        "-m pytest --reruns 2 -n 3 --dist worksteal --ignore=tests/gallery/test_limiters.py"
    )


@pytest.fixture
def examples(pytester: pytest.Pytester) -> pytest.Pytester:
    """A copy of the examples, as a directory of its own."""
    shutil.copytree(EXAMPLES, pytester.path, dirs_exist_ok=True)
    return pytester


@pytest.mark.timeout(600)  # a dozen servers, and other tests beside it
def test_the_examples_run(examples):
    stated = sum(path.read_text().count("\ndef test_") for path in EXAMPLES.rglob("test_*.py"))
    result = examples.runpytest_subprocess("--asyncbench-smoke")
    result.assert_outcomes(passed=stated)


def test_what_an_example_counts_is_so(examples):
    """Exact, so it can be judged on any machine."""
    examples.runpytest_subprocess("database", "-k", "one_query").assert_outcomes(passed=1, deselected=3)


BLOCKS = runpy.run_path(str(DOCS / "blocks.py"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_shows_its_examples_as_they_are(page):
    text = page.read_text()
    assert BLOCKS["written"](text) == text, "run `python docs/blocks.py`"


def test_every_example_is_shown():
    shown = {source for page in PAGES for source in BLOCKS["shown"](page.read_text())}
    tests = {path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.rglob("test_*.py")}
    assert tests <= shown


def test_an_example_that_has_changed_is_written_into_its_page():
    stale = "```sql source=database/schema.sql\nold\n```\n"
    assert BLOCKS["written"](stale) == stale.replace("old\n", (EXAMPLES / "database/schema.sql").read_text())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_shows_is_python_and_names_options_that_exist(page):
    text = page.read_text()
    for _, body in blocks(text, "python"):
        compile(body, page.name, "exec")
    known = {option.name for option in OPTIONS} | set(FLAGS_WITHOUT_VALUE)
    assert set(re.findall(r"--asyncbench-([a-z][a-z-]*)", text)) <= known


def test_the_pages_build_without_a_warning(tmp_path):
    """Sphinx checks every link between pages, its anchor, and that each page is in the navigation."""
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", str(DOCS), str(tmp_path)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    assert {page.relative_to(DOCS).with_suffix(".html") for page in PAGES} <= {
        page.relative_to(tmp_path) for page in tmp_path.rglob("*.html")
    }


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


def test_the_example_of_the_page_on_sweeps_is_one(pytester: pytest.Pytester):
    (pytester.path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    body = blocks((DOCS / "how-to" / "sweeps.md").read_text(), "python")[0][1]
    (pytester.path / "test_sweeps.py").write_text(body)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "--collect-only", "-q")
    result.stdout.fnmatch_lines(["test_sweeps.py::test_workers_and_threads"])


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda p: p.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)[)#]", page.read_text()):
        assert (page.parent / target).exists(), target
