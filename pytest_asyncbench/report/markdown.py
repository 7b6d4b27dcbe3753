"""A report as Markdown, for pull requests: verdicts first, then the variants. Everything from outside is escaped."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from pytest_asyncbench.metrics import METRICS
from pytest_asyncbench.report.document import LoadCall, Ramp, Report, Run, Test, Variant
from pytest_asyncbench.report.environment import facts
from pytest_asyncbench.report.hunted import hunt_texts
from pytest_asyncbench.report.lines import (
    FIRST,
    HEADINGS,
    about,
    brief,
    counted_verdicts,
    interval,
    limiter,
    limiter_names,
    limiters,
    measured,
    remarks,
    server,
    shown,
    shown_metrics,
    state,
    told,
)
from pytest_asyncbench.report.race import ended, heading, lane_rows

SIGNS = {"PASS": "✅", "FAIL": "❌", "INVALID": "⛔", "INCONCLUSIVE": "❔"}
SPECIAL = re.compile(
    r"[\\`*\[\]|~$<>&@]"
    r"|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"  # inside of a word it means nothing
    r"|:(?=[a-z0-9_+-]+:)"  # :smile:
    r"|^[#+-](?=\s|$)|(?<=^\d)[.)](?=\s|$)"  # headings and lists
)
REFERENCES = {"|": "&#124;", "@": "&#64;", ":": "&#58;", "<": "&lt;", ">": "&gt;", "&": "&amp;"}
MOST_OF_MESSAGE = 2_000


def as_markdown(report: Report) -> str:
    """The whole report, as GitHub and GitLab render it."""
    lines = [f"## asyncbench: {counted_verdicts(report)}", ""]
    lines += [f"> {escaped(text)}" for text in report.notices] + [""] * bool(report.notices)
    if report.interrupted:
        lines += ["> The run was interrupted: what is missing was not measured.", ""]
    lines += _verdicts(report)
    for test in report.tests:
        if test.loads or test.outcome in ("failed", "error"):
            lines += _test(test)
    lines += ["<details><summary>Measured with</summary>", ""]
    lines += [f"- {name}: {escaped(text)}" for name, text in facts(report.environment).items()]
    return "\n".join([*lines, "", "</details>", ""])


def escaped(text: object) -> str:
    """A text that Markdown and HTML show as it is, in one line."""
    one_line = " ".join(str(text).split())
    return SPECIAL.sub(_character, one_line)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table of cells that are escaped already; all but the first column are numbers."""
    if not rows:
        return []
    marks = ["---", *("---:" for _ in headings[1:])]
    return [f"| {' | '.join(row)} |" for row in (headings, marks, *rows)] + [""]


def _character(found: re.Match[str]) -> str:
    """As a character reference what HTML would read too, behind a backslash what only Markdown reads."""
    return REFERENCES.get(found[0], f"\\{found[0]}")


def _verdicts(report: Report) -> list[str]:
    rows = []
    for test, call in report.load_calls:
        for item in told(call):
            sign = f"{SIGNS.get(item.outcome, '')} {item.outcome}"
            limited = limiter(item) or limiter_names(call)
            row = [
                sign,
                escaped(about(item)),
                escaped(interval(item)),
                escaped(limited),
                escaped(test.nodeid),
            ]
            rows.append(row)
    with_limiter = any(row[3] for row in rows)
    headings = ["verdict", "statement", "ratio", "limited by", "test"]
    if not with_limiter:
        headings, rows = _without(headings, 3), [_without(row, 3) for row in rows]
    lines = table(headings, rows)
    return [lines[0], "|" + " --- |" * len(headings), *lines[2:]] if lines else []


def _without(row: list[str], column: int) -> list[str]:
    return [*row[:column], *row[column + 1 :]]


def _test(test: Test) -> list[str]:
    lines = [
        f"### {escaped(test.nodeid)}",
        "",
        f"{SIGNS.get(state(test), '')} {escaped(state(test))}".strip(),
        "",
    ]
    for call in test.loads:
        lines += _call(call)
    if test.message and not test.loads:
        lines += [f"<pre>{html.escape(test.message[:MOST_OF_MESSAGE])}</pre>", ""]
    return lines


def _call(call: LoadCall) -> list[str]:
    lines = [f"**{escaped(call.name)}** {escaped(call.shape)}", ""]
    for item in told(call):
        lines.append(f"- {item.outcome} {escaped(about(item))}: {escaped(item.why)}")
        lines += [f"    - {escaped(text)}" for text in item.details]
    lines += [f"- {escaped(text)}" for text in limiters(call)]
    lines += [f"- {escaped(text)}" for text in hunt_texts(call.slowest)] if call.slowest else []
    lines += [""] if lines[-1] else []
    lines += _race(call) if call.race else []
    lines += _ramp(call.ramp, call.runs) if call.ramp else [line for run in call.runs for line in _run(run)]
    return lines


def _columns(variants: Sequence[Variant]) -> list[str]:
    """The usual metrics, and those that are counted: what fits beside each other. The other reports have all."""
    known = shown_metrics(variants)
    return [name for name in known if name in FIRST or (name in METRICS and METRICS[name].kind == "counted")]


def _cell(variant: Variant, name: str) -> str:
    return escaped(shown(variant, name) if name == "rps" else brief(variant, name))


def _run(run: Run) -> list[str]:
    names = _columns(run.variants)
    headings = ["variant", "server", *(HEADINGS.get(name, name) for name in names)]
    rows = [
        [escaped(each.name), escaped(server(each)), *(_cell(each, name) for name in names)]
        for each in run.variants
    ]
    notes = [f"- {escaped(text)}" for text in remarks(run)]
    return [*table(headings, rows), *notes, *[""] * bool(notes), escaped(measured(run)), ""]


def _race(call: LoadCall) -> list[str]:
    race = call.race
    if race is None:
        return []
    headings, rows = lane_rows(race, call.runs[0])
    told_ = [
        heading(race.metric, race.by, len(call.runs[0].variants)),
        *ended(race.why, race.slots, race.slots_without),
    ]
    lines = table(headings, [[escaped(cell) for cell in row] for row in rows])
    return [*lines, *(f"- {escaped(text)}" for text in (*told_, *race.notes)), ""]


def _ramp(ramp: Ramp, runs: Sequence[Run]) -> list[str]:
    if not runs:
        return [f"- {escaped(text)}" for text in ramp.notes]
    names = _columns([run.variants[0] for run in runs])
    rows = [
        [f"{load:g}", *(_cell(run.variants[0], name) for name in names)]
        for load, run in zip(ramp.loads, runs, strict=True)
    ]
    found = {"knee": ramp.knee, "limit of the budgets": ramp.slo_limit, "cliff": ramp.cliff}
    lines = [
        f"- {name}: {escaped(each.shown if each.value is not None else each.why)}"
        for name, each in found.items()
    ]
    headings = [ramp.unit, *(HEADINGS.get(name, name) for name in names)]
    return [*table(headings, rows), *lines, *(f"- {escaped(text)}" for text in ramp.notes), ""]
