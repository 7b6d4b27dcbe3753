"""Fills the columns "here" of docs/articles.md from a report.

    pytest example_apps --asyncbench-json=articles.json
    python benchmarks/articles.py articles.json [--note "quiet machine"] [--page docs/articles.md]

Two kinds of tables are filled. One with the columns "test" and "here" gets what the test came to. One with a column
"variant" and columns "here: METRIC" gets the figures of those variants in the test that was named last above it.
Tests that the report does not have keep what the page says of them.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_asyncbench.report.document import LoadCall, Report, Statement, Test
from pytest_asyncbench.report.file import load

PAGE = Path(__file__).resolve().parents[1] / "docs" / "articles.md"
NODE = re.compile(r"`([\w/]+\.py::\w+)`")
MACHINE = re.compile(r"(<!-- machine:.*?-->\n).*?(\n<!-- /machine -->)", re.DOTALL)
PACKAGES = ("django", "fastapi", "flask", "granian", "psycopg", "sqlalchemy")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("report", type=Path)
    parser.add_argument("--note", default="", help="what is worth knowing of the machine")
    parser.add_argument("--page", type=Path, default=PAGE)
    given = parser.parse_args()
    report = load(given.report)
    text = filled(given.page.read_text(encoding="utf-8"), report)
    given.page.write_text(with_machine(text, machine(report, given.note)), encoding="utf-8")


def filled(page: str, report: Report) -> str:
    """The page with the columns "here" of its tables filled in."""
    return "\n".join(_lines(page.split("\n"), report))


def with_machine(page: str, told: str) -> str:
    return MACHINE.sub(lambda found: f"{found[1]}{told}{found[2]}", page)


def machine(report: Report, note: str) -> str:
    """With what was measured, in one sentence."""
    where = report.environment
    packages = [f"{name} {where.packages[name]}" for name in PACKAGES if name in where.packages]
    parts = [f"{where.machine.cores} cores ({where.machine.cpu})", f"Python {where.python}", *packages]
    found = {
        text for test in report.tests for call in test.loads for run in call.runs for text in run.surroundings
    }
    parts += sorted(text for text in found if text.startswith("PostgreSQL"))
    took = f"{report.seconds / 60:.0f} minutes in all"
    return f"Measured {report.created[:10]}{f' ({note})' if note else ''}: {', '.join(parts)}; {took}."


def _lines(lines: Sequence[str], report: Report) -> Iterator[str]:
    named, headings = "", []
    for line in lines:
        if not line.startswith("|"):
            headings = []
            named = found[-1] if (found := NODE.findall(line)) else named
            yield line
        elif not headings:
            headings = _cells(line)
            yield line
        else:
            yield _row(line, headings, named, report)


def _row(line: str, headings: Sequence[str], named: str, report: Report) -> str:
    if set(line) <= set("|-: "):
        return line
    row = dict(zip(headings, _cells(line), strict=True))
    if "test" in row and "here" in row and (name := NODE.search(row["test"])):
        if tests := _tests(report, name[1]):
            row["here"] = came_to(tests)
    elif "variant" in row:
        figures = _figures(_tests(report, named), row["variant"])
        for heading in headings:
            if heading.startswith("here: ") and (shown := figures.get(heading.removeprefix("here: "))):
                row[heading] = shown
    else:
        return line
    return f"| {' | '.join(row.values())} |".replace("|  |", "| |").replace("|  |", "| |")


def came_to(tests: Sequence[Test]) -> str:
    """What a test came to, all of its parameters together."""
    stated = [item for test in tests for call in test.loads for item in call.statements if not item.built_in]
    kind = {item.kind for item in stated}
    ramps = [_ramp(call) for test in tests for call in test.loads if call.ramp]
    outcomes = {test.outcome for test in tests}
    if ramps:
        return f"{_passed(outcomes)}; {'; '.join(ramps)}"
    if not stated or kind == {"budget"}:
        return _passed(outcomes)
    return "; ".join(_verdict(item) for item in stated if item.kind != "budget")


def _verdict(item: Statement) -> str:
    if item.kind == "refused" and item.outcome == "PASS":
        return f"refused: {_escaped(item.why.removesuffix('; nothing was timed').split(' (')[0])}"
    if item.ratio is None:
        return f"{item.outcome}: {_escaped(item.why)}"
    between = f" [{item.low:.2f}, {item.high:.2f}]" if item.low and item.high else ""
    return f"{item.outcome}: {_escaped(item.text)}: {item.ratio:.2f}{between}"


def _ramp(call: LoadCall) -> str:
    assert call.ramp is not None
    found = {"knee": call.ramp.knee, "cliff": call.ramp.cliff}
    return ", ".join(
        f"{name} {each.shown if each.value is not None else '-'}" for name, each in found.items()
    )


def _passed(outcomes: set[str]) -> str:
    return "holds" if outcomes == {"passed"} else ", ".join(sorted(outcomes))


def _figures(tests: Sequence[Test], variant: str) -> dict[str, str]:
    return {
        metric: _escaped(figure.shown.split(" [")[0])
        for test in tests
        for call in test.loads
        for run in call.runs
        for each in run.variants
        if each.name == variant
        for metric, figure in each.figures.items()
    }


def _tests(report: Report, name: str) -> list[Test]:
    return [test for test in report.tests if test.nodeid == name or test.nodeid.startswith(f"{name}[")]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _escaped(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")


if __name__ == "__main__":
    main()
