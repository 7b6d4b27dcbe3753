"""A hunt as text: the slowest request, the typical one, what each takes and costs."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_asyncbench.hunt.slowest import COUNTED, Slowest
from pytest_asyncbench.metrics import metric
from pytest_asyncbench.report.counts import SHOWN

MOST = 400
"""Characters of a request that is not the one that was looked for."""


def slowest_lines(found: Slowest, judged: Sequence[str] = ()) -> list[str]:
    """What was found, what it takes and costs, the statements (`judged`) and the notes."""
    evidence = found.run.evidence
    lines = [f"{found.name}: {heading(found)}", f"  slowest: {found.request!r}"]
    if found.sights:
        lines.append(f"    takes {found.latency}{comparison(found)}")
        lines.append(f"  typical: {repr(found.typical_request)[:MOST]}")
        lines.append(f"    takes {found.typical}")
    if costs := cost_text(found):
        lines.append(f"  counted: {costs}")
    lines += [*judged, *(f"  note: {note}" for note in (*found.notes, *evidence.notes))]
    took = f"{len(found.sights)} rounds side by side after the hunt, {evidence.seconds:.0f} s in all, seed {found.seed}"
    return [*lines, "  " + "; ".join((took, *evidence.surroundings))]


def heading(found: Slowest) -> str:
    """ "the slowest of 200 requests, which were sent 531 times"."""
    return f"the slowest of {found.examples} different requests, sent {found.requests} times one by one"


def comparison(found: Slowest) -> str:
    """ ", 35.1 [33.0, 37.2] times as long as a typical one"."""
    if found.request is found.typical_request:
        return "; it is the only one"
    times = f", {found.times_slower} times as long as a typical one"
    return times if found.stands_out else f"{times}: no request stands out"


def cost_text(found: Slowest) -> str:
    """ "queries 2, rows 10,000 per request (typical: queries 2, rows 20)"; empty without a database."""
    values = {SHOWN[name]: (metric(name).show, *found.counted(name)) for name in COUNTED}
    told = [f"{noun} {show(slow)}" for noun, (show, slow, _) in values.items() if slow is not None]
    usual = [f"{noun} {show(typical)}" for noun, (show, _, typical) in values.items() if typical is not None]
    if not told:
        return ""
    return f"{', '.join(told)} per request" + (f" (typical: {', '.join(usual)})" if usual else "")
