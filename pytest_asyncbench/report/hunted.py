"""A hunt as a report has it, and what every format says of it in the same words."""

from __future__ import annotations

from collections.abc import Callable

from pytest_asyncbench.errors import UnknownValue
from pytest_asyncbench.hunt.slowest import COUNTED, Slowest
from pytest_asyncbench.measure.value import Measure
from pytest_asyncbench.metrics import metric
from pytest_asyncbench.report import document
from pytest_asyncbench.report.cells import UNKNOWN
from pytest_asyncbench.report.figures import figure_of

NOUNS = ("queries", "rows", "connections")
"""What is counted, in the order of `COUNTED`."""
MOST = 400
"""Characters of a request that is not the one that was looked for."""


def heading(found: Slowest) -> str:
    """ "the slowest of 200 different requests, sent 531 times one by one"."""
    return f"the slowest of {found.examples} different requests, sent {found.requests} times one by one"


def slowest_value(found: Slowest) -> document.Slowest:
    """The value of a hunt."""
    counts = [found.counted(name) for name in COUNTED]
    return document.Slowest(
        slowest=document.Hunted(
            repr(found.request), _figure(lambda: found.latency), *(count[0] for count in counts)
        ),
        typical=document.Hunted(
            repr(found.typical_request), _figure(lambda: found.typical), *(count[1] for count in counts)
        ),
        times_slower=_figure(lambda: found.times_slower),
        stands_out=found.stands_out,
        found_as=repr(found.found_as),
        examples=found.examples,
        requests=found.requests,
        seed=found.seed,
        broken=tuple(f"{each.request!r}: {each.why}" for each in found.broken),
        notes=found.notes,
    )


def hunt_texts(found: document.Slowest) -> list[str]:
    """What was found, a line each: both requests, what they take and cost, and what is to be known of the search."""
    lines = [f"slowest: {found.slowest.request}"]
    if found.slowest.latency.shown == UNKNOWN:
        lines.append(f"{found.slowest.latency.why}{_cost(found.slowest)}")
    else:
        lines.append(f"{_takes(found.slowest)}{_comparison(found)}{_cost(found.slowest)}")
        lines.append(f"typical: {_cut(found.typical.request)}")
        lines.append(f"{_takes(found.typical)}{_cost(found.typical)}")
    if found.found_as != found.slowest.request:
        lines.append(f"found as: {_cut(found.found_as)}")
    if found.broken:
        lines.append(f"not answered ok: {len(found.broken)} of them, the simplest: {_cut(found.broken[0])}")
    return [*lines, *(f"note: {note}" for note in found.notes), f"drawn from seed {found.seed}"]


def _figure(read: Callable[[], Measure]) -> document.Figure:
    try:
        return figure_of(read())
    except UnknownValue as error:
        return document.Figure(None, None, None, "s", UNKNOWN, str(error))


def _takes(hunted: document.Hunted) -> str:
    return "is not answered in time" if hunted.latency.value is None else f"takes {hunted.latency.shown}"


def _comparison(found: document.Slowest) -> str:
    if found.slowest.request == found.typical.request or found.times_slower.value is None:
        return ""
    times = f", {found.times_slower.shown} times as long as a typical one"
    return times if found.stands_out else f"{times}: no request stands out"


def _cost(hunted: document.Hunted) -> str:
    """ "; queries 2, rows 10,000"; empty without a database."""
    known = [
        f"{noun} {metric(name).show(value)}"
        for noun, name in zip(NOUNS, COUNTED, strict=True)
        if (value := getattr(hunted, noun)) is not None
    ]
    return f"; {', '.join(known)}" if known else ""


def _cut(text: str) -> str:
    return text if len(text) <= MOST else f"{text[:MOST]}..."
