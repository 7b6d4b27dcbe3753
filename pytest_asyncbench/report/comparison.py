"""Two reports against each other: what changed from one session to the other, as far as that can be said. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import TypeAlias

from pytest_asyncbench.report.change import Change, change, plan_of
from pytest_asyncbench.report.document import LoadCall, MetricInfo, Report, Run
from pytest_asyncbench.report.environment import differences
from pytest_asyncbench.report.lines import shown
from pytest_asyncbench.report.ramp_comparison import alike, compared_ramps, only_in_one
from pytest_asyncbench.verdict.kept import SESSIONS

Key: TypeAlias = tuple[str, str, int]
"""A test, a name, and how many of that name were before it in the test."""

NOT_INTERLEAVED = (
    "The two runs were not interleaved: what a session as a whole may differ by "
    f"({(SESSIONS - 1) * 100:.0f} %) is not called a change."
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """All changes, what differs between the machines, and what is in one report only."""

    changes: tuple[Change, ...]
    machines: tuple[str, ...]
    notices: tuple[str, ...]


def compared(then: Report, now: Report) -> Comparison:
    """Every load call that both reports have, and that sent the same."""
    machines = tuple(differences(then.environment.machine, now.environment.machine))
    infos = {info.name: info for info in now.metrics}
    runs, later = _runs(then), _runs(now)
    ramps, later_ramps = _ramps(then), _ramps(now)
    changes: list[Change] = []
    notices = [*_missing(runs, later), *_missing(ramps, later_ramps)]
    for key in [key for key in runs if key in later]:
        if plan_of(runs[key].plan) != plan_of(later[key].plan):
            notices.append(f"another plan, not compared: {key[0]}: {key[1]}")
        else:
            changes += _changes(key, runs[key], later[key], infos, bool(machines))
    for key in [key for key in ramps if key in later_ramps]:
        if not alike(ramps[key], later_ramps[key]):
            notices.append(f"another plan, not compared: {key[0]}: {key[1]}")
        else:
            changes += compared_ramps(key[0], ramps[key], later_ramps[key], infos, bool(machines))
            notices += [f"{key[0]}: {text}" for text in only_in_one(ramps[key], later_ramps[key])]
    return Comparison(tuple(changes), machines, tuple(notices))


def _runs(report: Report) -> dict[Key, Run]:
    """Every run by test, name, and how many of that name were before it in its test."""
    found: dict[Key, Run] = {}
    for test, call in report.load_calls:
        for run in () if call.ramp else call.runs:
            found[_key(found, test.nodeid, run.name)] = run
    return found


def _ramps(report: Report) -> dict[Key, LoadCall]:
    """Every ramp: it is read as a whole."""
    found: dict[Key, LoadCall] = {}
    for test, call in report.load_calls:
        if call.ramp:
            found[_key(found, test.nodeid, call.name)] = call
    return found


def _key(found: Mapping[Key, object], test: str, name: str) -> Key:
    return next((test, name, n) for n in count() if (test, name, n) not in found)


def _missing(before: Mapping[Key, object], after: Mapping[Key, object]) -> list[str]:
    """What is in one report only."""
    return [
        f"only in {'B' if key in after else 'A'}: {key[0]}: {key[1]}"
        for key in dict.fromkeys([*before, *after])
        if key not in before or key not in after
    ]


def _changes(
    key: Key, then: Run, now: Run, infos: dict[str, MetricInfo], other_machine: bool
) -> Iterator[Change]:
    before = {variant.name: variant for variant in then.variants}
    for variant in now.variants:
        if variant.name not in before:
            continue
        for name, info in infos.items():
            if info.kind == "shown" or shown(variant, name) == shown(before[variant.name], name) == "-":
                continue
            yield change(key[:2], before[variant.name], variant, info, other_machine)
