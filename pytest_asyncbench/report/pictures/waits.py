"""What the database's backends did: working, waiting and for what, or idle; their mean number under load."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_asyncbench.report.document import Run, Variant
from pytest_asyncbench.report.pictures.canvas import SERIES, Picture, drawn, series_style
from pytest_asyncbench.report.pictures.variants import names

MOST = 10
LEAST = 0.005
"""Share of all connections below which a state is in the table only."""
MOST_VARIANTS = 8
NO_STATE = "no state yet"


def waits_picture(run: Run, salt: str) -> Picture | None:
    """A bar for each state and wait event; None where no database was watched."""
    seen = {variant.name: backends(variant) for variant in run.variants}
    totals: dict[str, float] = {}
    for found in seen.values():
        for what, number in found.items():
            totals[what] = totals.get(what, 0.0) + number
    rows = sorted(totals, key=lambda what: -totals[what])
    most = [what for what in rows[:MOST] if totals[what] >= LEAST * sum(totals.values())]
    if not rows or len(run.variants) > MOST_VARIANTS:
        return None
    title = "What the database's connections did"
    thick = 0.8 / len(seen)

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        for number, found in enumerate(seen.values()):
            at = [place + (number - (len(seen) - 1) / 2) * thick for place in range(len(most))]
            colour = series_style(number)["color"] if len(seen) > 1 else SERIES[0]
            axes.barh(at, [found.get(what, 0.0) for what in most], height=thick * 0.9, color=colour)
        axes.set_yticks(range(len(most)), most)
        axes.invert_yaxis()
        axes.set_xlabel("connections on average")

    return Picture(
        title,
        "Their mean number by state and wait event, looked at every 0.1 s under load. Without a wait event: computing.",
        drawn(paint, 0.8 + len(most) * max(0.28, 0.14 * len(seen)), title, salt),
        ("state and wait event", *seen),
        [(what, *(f"{found.get(what, 0.0):.2f}" for found in seen.values())) for what in rows],
        names(run),
    )


def backends(variant: Variant) -> Mapping[str, float]:
    """Mean number of connections by state and wait event; empty where it is not known."""
    load = (variant.counters or {}).get("load") or {}
    found = (load.get("database") or {}).get("backends") or {}
    return {str(name) or NO_STATE: float(number) for name, number in found.items() if number}
