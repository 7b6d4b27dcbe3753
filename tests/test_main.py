"""The command `asyncbench`."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from pytest_asyncbench.__main__ import main
from pytest_asyncbench.baseline.saved import save
from pytest_asyncbench.measure.run import Run
from pytest_asyncbench.report.document import Environment, Machine
from pytest_asyncbench.report.file import as_json
from pytest_asyncbench.report.html import as_html
from pytest_asyncbench.report.markdown import as_markdown
from pytest_asyncbench.report.session import report_of
from pytest_asyncbench.testcase import Record, Settings, TestCase
from pytest_asyncbench.verdict.effort import Effort

HERE = Machine("a CPU", 2, None, "6.1", "Linux x86_64", "CPython 3.11.7")
SWING = tuple(100.0 + n / 4 for n in range(12))


@pytest.fixture
def report(make_evidence):
    """Makes a report of one test at so many requests per second."""

    def made(factor=1.0, cores=2, failed=0, note="", test="t.py::t"):
        rates = {"server": [rate * factor for rate in SWING]}
        words = {"server": {"failed": failed}}
        evidence = make_evidence(rates, slots=words, notes=(note,) if note else ())
        case = TestCase(test, evidence.specs, (), Settings({}), SimpleNamespace(logs=dict), None)
        case.records.append(Record(Run(evidence, effort=Effort(), ok={"server": 0}), ()))
        machine = Machine(HERE.cpu, cores, None, HERE.kernel, HERE.system, HERE.python)
        environment = Environment("0", "3.11", {}, machine, "6.1.2")
        return report_of([case], {}, environment, {}, ended=0.0, seconds=1.0)

    return made


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Writes reports into the current directory."""
    monkeypatch.chdir(tmp_path)

    def made(**reports):
        for name, value in reports.items():
            (tmp_path / f"{name}.json").write_text(as_json(value))
        return tmp_path

    return made


def test_show(files, report, capsys):
    files(a=report(note="a note \x1b[31m"))
    assert main(["show", "a.json"]) == 0
    text = capsys.readouterr().out
    assert "t.py::t: not run\nGET / with 1 user\n" in text
    assert "101 [100, 102]" in text
    assert "note: a note \\x1b[31m" in text
    assert "\x1b" not in text


def test_report_makes_the_same_again(files, report, capsys):
    here = files(a=report())
    assert main(["report", "a.json", "--html", "out/a.html", "--markdown", "a.md"]) == 0
    assert (here / "out" / "a.html").read_text() == as_html(report())
    assert (here / "a.md").read_text() == as_markdown(report())
    assert capsys.readouterr().out == "out/a.html\na.md\n"


@pytest.mark.parametrize(
    ("factor", "cores", "word"),
    [
        (1.0, 2, "same"),
        (1.5, 2, "better"),
        (0.6, 2, "worse"),
        (1.04, 2, "not clear"),
        (0.6, 4, "not judged"),
    ],
)
def test_compare(files, report, capsys, factor, cores, word):
    files(a=report(), b=report(factor, cores))
    assert main(["compare", "a.json", "b.json"]) == 0
    text = capsys.readouterr().out
    [line] = [line for line in text.splitlines() if " rps " in line]
    assert line.endswith(word)
    [latency] = [line for line in text.splitlines() if " mean " in line]
    assert latency.endswith(word)
    assert ("Other machine: cores 2 and 4" in text) is (cores == 4)
    assert "were not interleaved" in text


def test_counts_are_compared_on_every_machine(files, report, capsys):
    files(a=report(), b=report(cores=4, failed=3))
    main(["compare", "a.json", "b.json"])
    [line] = [line for line in capsys.readouterr().out.splitlines() if " errors " in line]
    assert line.endswith("worse")


def test_compare_says_what_is_missing(files, report, capsys):
    files(a=report(test="t.py::a"), b=report(test="t.py::b"))
    assert main(["compare", "a.json", "b.json"]) == 0
    text = capsys.readouterr().out
    assert "only in A: t.py::a" in text
    assert "only in B: t.py::b" in text


def test_kept_runs_are_found_by_name(files, report, capsys):
    save(files(), "main", report())
    assert main(["show", "main"]) == 0
    assert main(["compare", "main", "main"]) == 0
    assert "GET /" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["show", "nothing"], "no run is kept under that name here (there are: none)"),
        (["show", "broken.json"], "holds no JSON"),
        (["report", "a.json"], "say what to make"),
        (["compare", "a.json", "nothing"], "no run is kept"),
        (["report", "a.json", "--markdown", "broken.json/x"], "exists"),
    ],
)
def test_what_cannot_be_done_is_said(files, report, capsys, arguments, why):
    (files(a=report()) / "broken.json").write_text("{")
    assert main(arguments) == 2
    assert why in capsys.readouterr().err


def test_without_matplotlib_it_says_what_to_install(files, report, capsys, monkeypatch):
    files(a=report())
    monkeypatch.setattr("pytest_asyncbench.report.extra.find_spec", lambda name: None)
    assert main(["report", "a.json", "--html", "a.html"]) == 2
    assert "pip install 'pytest-asyncbench[html]'" in capsys.readouterr().err


def test_it_is_a_module_and_a_command():
    for command in ([sys.executable, "-m", "pytest_asyncbench"], [f"{sys.prefix}/bin/asyncbench"]):
        done = subprocess.run([*command, "show", "--help"], capture_output=True, text=True, check=True)
        assert "RUN" in done.stdout
