"""Is a comparison fair: the same answer for the same work? Pure: what the variants answered and counted, in words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, pvariance
from typing import Any, TypeAlias

from pytest_asyncbench.errors import UnknownValue
from pytest_asyncbench.measure.answers import Answers
from pytest_asyncbench.measure.counts import Counts

WORK = 0.1
"""How much the length of bodies, queries and rows per request may differ, as a share of the larger one."""
CERTAIN = 4.0
"""Standard errors by which mean lengths of bodies must differ, since random answers have random lengths."""
OFTEN = 0.5
"""Difference between the shares of answers that have a path of JSON from which on shapes differ: some are optional."""
ERRORS = 0.01
"""Difference between the shares of answers that are not ok: one of 50 is more."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one variant did for the same requests: its answers, its counts, and settings of its database."""

    answers: Answers = field(default_factory=Answers)
    counts: Counts | None = None
    settings: tuple[str, ...] = ()


Look: TypeAlias = Callable[[Work, Work], tuple[str, str] | None]
"""What each of two variants shows, in words; None if they are alike."""


def unfair(works: Mapping[str, Work], differs: Collection[str]) -> list[str]:
    """Why these variants cannot be compared: the first one against each other, in one sentence with the numbers.

    `differs` are aspects that the test means to differ.
    """
    found = differing(works, differs)
    if not found:
        return []
    meant = ", ".join(f'"{aspect}"' for aspect in found)
    told = "; ".join(found.values())
    return [f"the variants do not do the same work: {told}. If that is meant, write differs={{{meant}}}"]


def differing(works: Mapping[str, Work], differs: Collection[str]) -> dict[str, str]:
    """By aspect, what the first of these variants shows and what the first other one that is not like it."""
    (first, reference), *others = works.items()
    found: dict[str, str] = {}
    for aspect, look in ASPECTS.items():
        for name, work in others if aspect not in differs else ():
            if (seen := look(reference, work)) is not None:
                found.setdefault(aspect, f"{TITLES[aspect]}: {first} {seen[0]}, {name} {seen[1]}")
    return found


def _status(a: Work, b: Work) -> tuple[str, str] | None:
    return _most_common(a.answers.statuses, b.answers.statuses)


def _content_type(a: Work, b: Work) -> tuple[str, str] | None:
    return _most_common(a.answers.types, b.answers.types)


def _most_common(a: Counter[Any], b: Counter[Any]) -> tuple[str, str] | None:
    if not a or not b or max(a, key=lambda key: a[key]) == max(b, key=lambda key: b[key]):
        return None
    return _counted(a), _counted(b)


def _counted(found: Counter[Any]) -> str:
    return ", ".join(f"{number} x {what}" for what, number in found.items())


def _shape(a: Work, b: Work) -> tuple[str, str] | None:
    here, there = a.answers, b.answers
    if not here.number or not there.number:
        return None

    def only(one: Answers, other: Answers) -> list[str]:
        return [
            path
            for path in sorted(one.paths)
            if one.paths[path] / one.number - other.paths[path] / other.number > OFTEN
        ]

    mine, its = only(here, there), only(there, here)
    return (_listed(mine), _listed(its)) if mine or its else None


def _listed(found: Sequence[str]) -> str:
    return f"has {', '.join(found[:5])}{', ...' * (len(found) > 5)}" if found else "has nothing more"


def _length(a: Work, b: Work) -> tuple[str, str] | None:
    here, there = a.answers.lengths, b.answers.lengths
    if not here or not there:
        return None
    one, other = fmean(here), fmean(there)
    error = math.sqrt(pvariance(here) / len(here) + pvariance(there) / len(there))
    if _alike(one, other) or abs(one - other) <= CERTAIN * error:
        return None
    return f"{one:,.0f} bytes", f"{other:,.0f} bytes"


def _queries(a: Work, b: Work) -> tuple[str, str] | None:
    return _counts(a, b, Counts.queries_per_request)


def _rows(a: Work, b: Work) -> tuple[str, str] | None:
    return _counts(a, b, Counts.rows_per_request)


def _counts(a: Work, b: Work, read: Callable[[Counts], float]) -> tuple[str, str] | None:
    if a.counts is None or b.counts is None:
        return None
    try:
        one, other = read(a.counts), read(b.counts)
    except UnknownValue:
        return None
    return None if _alike(one, other) else (f"{one:.4g}", f"{other:.4g}")


def _errors(a: Work, b: Work) -> tuple[str, str] | None:
    one, other = (1 - work.answers.ok / max(1, work.answers.number) for work in (a, b))
    if not a.answers.number or not b.answers.number or abs(one - other) <= ERRORS:
        return None
    return tuple(f"{work.answers.number - work.answers.ok} of {work.answers.number}" for work in (a, b))  # type: ignore[return-value]


def _settings(a: Work, b: Work) -> tuple[str, str] | None:
    if a.settings == b.settings:
        return None
    return ", ".join(a.settings) or "none of its own", ", ".join(b.settings) or "none of its own"


def _alike(one: float, other: float) -> bool:
    return abs(one - other) <= WORK * max(one, other)


ASPECTS: Mapping[str, Look] = {
    "status": _status,
    "content_type": _content_type,
    "shape": _shape,
    "length": _length,
    "queries_per_request": _queries,
    "rows_per_request": _rows,
    "errors": _errors,
    "settings": _settings,
}
OF_THE_REQUEST = frozenset(ASPECTS) - {"errors", "settings"}
"""Aspects in which requests that are compared with each other may differ: they are not the same to begin with."""
TITLES: Mapping[str, str] = {
    "status": "status",
    "content_type": "content type",
    "shape": "shape of the JSON",
    "length": "mean length of the bodies",
    "queries_per_request": "queries per request",
    "rows_per_request": "rows per request",
    "errors": "answers that are not ok",
    "settings": "PostgreSQL settings",
}
