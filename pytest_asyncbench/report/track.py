"""How each comparison went, round by round: for pictures of how the interval closed in on the margin. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from pytest_asyncbench.errors import AsyncBenchError
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.metrics import Metric, metric
from pytest_asyncbench.report.document import Track, Waypoint
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.estimate import estimate
from pytest_asyncbench.verdict.kept import centre_of
from pytest_asyncbench.verdict.signed_rank import looks
from pytest_asyncbench.verdict.statements import Budget, NoRegression, Ordering, SinceKept, Statement, Tie


def tracks(evidence: Evidence, statement: Statement, variant: str, effort: Effort) -> tuple[Track, ...]:
    """The comparisons that a sampled statement consists of; none for what is counted, or cannot be computed."""
    judged = metric(statement.metric)
    if judged.kind != "sampled":
        return ()
    try:
        return tuple(_tracks(evidence, statement, variant, judged, effort))
    except AsyncBenchError:  # no value, or no ratio of it: its judgement says why
        return ()


def _tracks(
    evidence: Evidence, statement: Statement, variant: str, judged: Metric, effort: Effort
) -> list[Track]:
    def values(name: str) -> list[float]:
        return [judged.read(datum) for datum in evidence.data(name)]

    def turned(better: str, worse: str, margin: float) -> Track:
        above, below = (better, worse) if judged.more_is_better else (worse, better)
        ratios = _ratios(values(above), values(below))
        return _track(f"{judged.name} {above} / {below}", ratios, margin, None, effort)

    match statement:
        case Ordering(best_first=names, by=by):
            return [turned(better, worse, by) for better, worse in pairwise(names)]
        case NoRegression(new=new, old=old, within=within):
            return [turned(new, old, 1 / within)]
        case Tie(a=a, b=b, within=within):
            subject = f"{judged.name} {a} / {b}"
            return [_track(subject, _ratios(values(a), values(b)), 1 / within, within, effort)]
        case Budget(limit=limit, at_least=at_least):
            ratios = [value / limit for value in values(variant)]
            subject = f"{judged.name} of {variant} / {judged.show(limit)}"
            return [_track(subject, ratios, 1.0 if at_least else None, None if at_least else 1.0, effort)]
        case SinceKept(within=within):
            kept = centre_of(statement.values_of(variant))
            now = values(variant)
            ratios = [value / kept for value in now] if judged.more_is_better else [kept / v for v in now]
            subject = f"{judged.name} of {variant} against {statement.name!r}"
            return [_track(subject, ratios, 1 / within, None, effort)]
        case _:
            return []


def _ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    return [a / b if b else math.inf for a, b in zip(above, below, strict=False)]


def _track(
    subject: str, ratios: Sequence[float], above: float | None, below: float | None, effort: Effort
) -> Track:
    planned = looks(effort.max_rounds)
    usable = all(ratio > 0 for ratio in ratios)
    path = (
        [_waypoint(ratios[:count], count in planned, effort) for count in range(1, len(ratios) + 1)]
        if usable
        else []
    )
    return Track(subject, tuple(_finite(ratio) for ratio in ratios), above, below, tuple(path))


def _waypoint(ratios: Sequence[float], look: bool, effort: Effort) -> Waypoint:
    found = estimate([math.log(ratio) if math.isfinite(ratio) else ratio for ratio in ratios], effort=effort)
    return Waypoint(
        len(ratios), _finite(found.value), _finite_or_none(found.low), _finite_or_none(found.high), look
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _finite_or_none(value: float | None) -> float | None:
    return None if value is None else _finite(value)
