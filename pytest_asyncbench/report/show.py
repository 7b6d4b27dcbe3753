"""A report, and a comparison of two, as plain text for a terminal."""

from __future__ import annotations

import re
import textwrap

from pytest_asyncbench.report.change import Change
from pytest_asyncbench.report.comparison import NOT_INTERLEAVED, Comparison
from pytest_asyncbench.report.document import LoadCall, Ramp, Report, Run
from pytest_asyncbench.report.environment import facts
from pytest_asyncbench.report.hunted import hunt_texts
from pytest_asyncbench.report.lines import (
    FIRST,
    HEADINGS,
    UNKNOWN,
    about,
    brief,
    counted_verdicts,
    limiters,
    measured,
    remarks,
    server,
    shown,
    state,
    told,
)
from pytest_asyncbench.report.race import ended, heading, lane_rows
from pytest_asyncbench.report.table import table

WIDTH = 118
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def as_text(report: Report) -> str:
    """The whole report: verdicts, tables, remarks."""
    lines = [f"{name}: {text}" for name, text in facts(report.environment).items()]
    lines += ["", *report.notices]
    for test in report.tests:
        lines += [f"{test.nodeid}: {state(test)}"]
        for call in test.loads:
            lines += [*_call(call), ""]
    return _shown([*lines, f"verdicts: {counted_verdicts(report)}"])


def comparison_as_text(found: Comparison) -> str:
    """One block for each load call: then, now, and the ratio."""
    lines: list[str] = []
    if found.machines:
        lines += [f"Other machine: {'; '.join(found.machines)}. Only counted metrics are judged.", ""]
    blocks: dict[tuple[str, str], list[Change]] = {}
    for change in found.changes:
        blocks.setdefault((change.test, change.call), []).append(change)
    for (test, call), changes in blocks.items():
        rows = [[c.variant, c.metric, c.then, c.now, ratio_text(c), c.word] for c in changes]
        headings = ("variant", "metric", "A", "B", "B / A", "")
        lines += [f"{test}: {call}", *table(headings, rows, left=2), ""]
    lines += [*found.notices, NOT_INTERLEAVED] if blocks else [*found.notices, "nothing to compare"]
    return _shown(lines)


def ratio_text(change: Change) -> str:
    """ "1.05 [0.99, 1.12]"; "-" without a ratio."""
    if change.ratio is None:
        return UNKNOWN
    known = change.low is not None and change.high is not None
    return f"{change.ratio:.3g}" + (f" [{change.low:.3g}, {change.high:.3g}]" if known else "")


def _call(call: LoadCall) -> list[str]:
    lines = [f"{call.name} {call.shape}", *_race(call)]
    lines += [f"  {text}" for text in hunt_texts(call.slowest)] if call.slowest else []
    lines += _ramp(call.ramp, call) if call.ramp else [line for run in call.runs for line in _run(run)]
    for item in told(call):
        text = f"{item.outcome} {about(item)}: {item.why}"
        lines += textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="      ")
        lines += [f"      {detail}" for detail in item.details]
    lines += [f"  {text}" for text in limiters(call)]
    runs = () if call.ramp else call.runs
    return [*lines, *(f"  {measured(run)}" for run in runs)]


def _run(run: Run) -> list[str]:
    headings = ["variant", "server", *(HEADINGS.get(name, name) for name in FIRST)]
    rows = [
        [each.name, server(each), *(shown(each, n) if n == "rps" else brief(each, n) for n in FIRST)]
        for each in run.variants
    ]
    return [*table(headings, rows, left=2), *(f"  note: {text}" for text in remarks(run))]


def _race(call: LoadCall) -> list[str]:
    race = call.race
    if race is None:
        return []
    headings, rows = lane_rows(race, call.runs[0])
    lines = [f"  {heading(race.metric, race.by, len(call.runs[0].variants))}", *table(headings, rows, left=2)]
    return [
        *lines,
        *ended(race.why, race.slots, race.slots_without),
        *(f"  note: {text}" for text in race.notes),
    ]


def _ramp(ramp: Ramp, call: LoadCall) -> list[str]:
    rows = [
        [f"{load:g}", *(brief(run.variants[0], name) for name in FIRST)]
        for load, run in zip(ramp.loads, call.runs, strict=True)
    ]
    lines = table([ramp.unit, *(HEADINGS.get(n, n) for n in FIRST)], rows, left=0) if rows else []
    found = {"knee": ramp.knee, "slo_limit": ramp.slo_limit, "cliff": ramp.cliff}
    lines += [f"  {n}: {each.shown if each.value is not None else each.why}" for n, each in found.items()]
    return [*lines, *(f"  note: {text}" for text in ramp.notes)]


def _shown(lines: list[str]) -> str:
    """What a server wrote cannot move the cursor or colour the terminal."""
    return CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", "\n".join(lines)) + "\n"
