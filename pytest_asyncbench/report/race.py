"""A race as text: a row for each variant in its place, what it cost beside what it did, and what became of it."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence

from pytest_asyncbench.measure.race_run import Lane, Race
from pytest_asyncbench.measure.run import VariantRun
from pytest_asyncbench.report import document
from pytest_asyncbench.report.cells import UNKNOWN, cell
from pytest_asyncbench.report.limiters import limiter_lines
from pytest_asyncbench.report.lines import brief
from pytest_asyncbench.report.table import table

BESIDE = ("rps", "p50", "p95", "memory", "context_switches_per_request", "cpu_per_request", "errors")
"""What stands beside the metric that decides: throughput and latency, and what they cost."""
NAMES = {
    "memory": "memory",
    "context_switches_per_request": "switches/request",
    "cpu_per_request": "CPU/request",
}
CONFIGURED = ("workers", "threads", "greenlets")
WIDTH = 118


def race_lines(race: Race, shape: str, judged: Sequence[str] = ()) -> list[str]:
    """What raced for what, the table, the winner on fresh launches, the statements (`judged`)."""
    evidence = race.run.evidence
    specs = {name: evidence.specs[name].settled() for name in race.variants}
    words = [word for word in CONFIGURED if any(getattr(spec, word) is not None for spec in specs.values())]
    shown = columns(race.metric.name)
    rows = [
        [
            place(lane.rank),
            lane.variant,
            *(_known(getattr(specs[lane.variant], word)) for word in words),
            *(_cell(race.run[lane.variant], name) for name in shown),
            ratio_text(lane.ratio, lane.low, lane.high),
            str(lane.rounds),
            told(lane.fate, lane.why),
        ]
        for lane in race.lanes
    ]
    headings = ["", "variant", *words, *(NAMES.get(name, name) for name in shown), "/ best", "rounds", ""]
    lines = [f"{race.name} {shape}: {heading(race.metric.name, race.by, len(race.variants))}"]
    lines += _to_the_left(headings, rows) if rows else []
    lines += [*_again(race), *ended(race.why_not(), race.slots, race.slots_without)]
    return [*lines, *judged]


def lane_rows(race: document.Race, run: document.Run) -> tuple[list[str], list[list[str]]]:
    """The same table from a report: headings and rows."""
    variants = {variant.name: variant for variant in run.variants}
    words = [word for word in CONFIGURED if any(word in each.spec.words for each in run.variants)]
    shown = columns(race.metric)
    headings = [
        "place",
        "variant",
        *words,
        *(NAMES.get(name, name) for name in shown),
        "/ best",
        "rounds",
        "fate",
    ]
    rows = [
        [
            place(lane.rank),
            lane.variant,
            *(_known(variants[lane.variant].spec.words.get(word)) for word in words),
            *(brief(variants[lane.variant], name) for name in shown),
            ratio_text(lane.ratio, lane.low, lane.high),
            str(lane.rounds),
            told(lane.fate, lane.why),
        ]
        for lane in race.lanes
    ]
    return headings, rows


def columns(judged: str) -> list[str]:
    """The metrics of the table, that which decides first."""
    return list(dict.fromkeys([judged, *BESIDE]))


def heading(judged: str, by: float, variants: int) -> str:
    """What raced for what."""
    margin = f"{(by - 1) * 100:.4g} %"
    return f"race of {variants} variants for the best {judged}; who is worse by more than {margin} is dropped"


def ended(why_not: str, slots: int, slots_without: int) -> list[str]:
    """Why there is no best; or what the race took."""
    if why_not:
        return textwrap.wrap(f"no best: {why_not}", WIDTH, initial_indent="  ", subsequent_indent="      ")
    without = (
        f", where measuring all of them to the end takes {slots_without}" if slots < slots_without else ""
    )
    return [f"  {slots} slots{without}"]


def place(rank: int | None) -> str:
    """ "1."; nothing of a variant that is out."""
    return UNKNOWN if rank is None else f"{rank}."


def told(fate: str, why: str) -> str:
    """ "dropped after 10: w2_t5 is 1.42 times as good"."""
    return f"{fate}{' ' if why.startswith('after') else ': ' if why else ''}{why}"


def ratio_text(ratio: float | None, low: float | None, high: float | None) -> str:
    """ "0.71 [0.68, 0.75]"; "-" where it is not known."""
    if ratio is None or not math.isfinite(ratio):
        return UNKNOWN
    if not low or high is None or not math.isfinite(high) or low == high:
        return f"{ratio:.3g}"
    return f"{ratio:.3g} [{low:.3g}, {high:.3g}]"


def _again(race: Race) -> list[str]:
    """What the winner does on fresh launches: the figure to go by."""
    if race.again is None:
        return []
    names = [name for name in race.standing.running if name in race.again.variants]
    shown = columns(race.metric.name)
    rows = [[name, *(_cell(race.again[name], metric, interval=True) for metric in shown)] for name in names]
    took = f"{len(race.again.evidence.rounds)} rounds"
    lines = [
        f"  measured again, on fresh launches ({took}): the best of many has had luck, these are its figures"
    ]
    lines += table(("variant", *(NAMES.get(name, name) for name in shown)), rows)
    return [*lines, *limiter_lines(race.again)]


def _cell(run: VariantRun, name: str, interval: bool = False) -> str:
    text = cell(run, name)
    return text if interval else text.partition(" [")[0]


def _known(value: object) -> str:
    return UNKNOWN if value is None else str(value)


def _to_the_left(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table whose last column are words, too."""
    whole = [list(row) for row in rows]
    widths = max((len(row[-1]) for row in whole), default=0)
    padded = [[*row[:-1], row[-1].ljust(widths)] for row in whole]
    return [line.rstrip() for line in table([*headings[:-1], headings[-1].ljust(widths)], padded, left=2)]


def lanes_of(race: Race) -> tuple[document.Lane, ...]:
    """The lanes as a report has them."""
    return tuple(_lane(lane) for lane in race.lanes)


def race_value(race: Race) -> document.Race:
    """A race as a report has it."""
    why = race.why_not()
    return document.Race(
        metric=race.metric.name,
        by=race.by,
        best=None if why else race.best,
        ties=() if why else race.ties,
        lanes=lanes_of(race),
        slots=race.slots,
        slots_without=race.slots_without,
        why=why,
        notes=race.notes,
    )


def _lane(lane: Lane) -> document.Lane:
    bounded = math.isfinite(lane.high)
    return document.Lane(
        variant=lane.variant,
        rank=lane.rank,
        fate=lane.fate,
        ratio=lane.ratio if math.isfinite(lane.ratio) else None,
        low=lane.low if bounded else None,
        high=lane.high if bounded else None,
        rounds=lane.rounds,
        why=lane.why,
    )
