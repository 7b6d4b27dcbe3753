"""The variants side by side: the value of each metric with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_asyncbench.metrics import METRICS
from pytest_asyncbench.report.document import Figure, Run
from pytest_asyncbench.report.pictures.canvas import Picture, drawn, series_style, short
from pytest_asyncbench.report.pictures.scales import scale_of

SHOWN = ("rps", "p50", "p95", "cpu_per_request")
MOST = 24


def variants_picture(run: Run, salt: str) -> Picture | None:
    """Value and interval of the main metrics; None with one variant, for which the table says it all."""
    panels = [name for name in SHOWN if any(_known(run, name))]
    if not 1 < len(run.variants) <= MOST or not panels:
        return None
    title = "Variants side by side"
    height = sum(0.5 + 0.24 * len(run.variants) for _ in panels)

    def paint(figure: Any) -> None:
        for axes, name in zip(figure.subplots(len(panels), squeeze=False)[:, 0], panels, strict=True):
            _panel(axes, run, name)

    return Picture(
        title,
        "Estimate and interval over the rounds, of each variant.",
        drawn(paint, height, f"{title}: {', '.join(panels)}", salt),
        ("variant", *panels),
        [(each.name, *(each.figures[name].shown for name in panels)) for each in run.variants],
    )


def _known(run: Run, name: str) -> list[Figure]:
    found = (each.figures.get(name) for each in run.variants)
    return [figure for figure in found if figure is not None and figure.value is not None]


def _panel(axes: Any, run: Run, name: str) -> None:
    unit = METRICS[name].unit if name in METRICS else ""
    factor, told = scale_of([figure.value or 0.0 for figure in _known(run, name)], unit)
    for number, variant in enumerate(run.variants):
        figure = variant.figures.get(name)
        if figure is None or figure.value is None:
            continue
        value = figure.value * factor
        style = series_style(number)
        if figure.low is not None and figure.high is not None:
            axes.plot(
                [figure.low * factor, figure.high * factor],
                [number, number],
                color=style["color"],
                linewidth=3,
            )
        axes.plot([value], [number], color=style["color"], marker=style["marker"], markersize=6)
    axes.set_yticks(range(len(run.variants)), [short(variant.name) for variant in run.variants])
    axes.set_ylim(len(run.variants) - 0.5, -0.5)
    furthest = max(max(figure.value or 0.0, figure.high or 0.0) for figure in _known(run, name))
    axes.set_xlim(0, furthest * factor * 1.06 or 1.0)
    axes.set_title(f"{name} ({told})" if told else name)


def names(run: Run) -> Sequence[str]:
    """The legend of pictures that draw every variant."""
    return [variant.name for variant in run.variants]
