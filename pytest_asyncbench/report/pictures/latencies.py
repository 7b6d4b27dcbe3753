"""The distribution of the latencies, on an axis that gives every further nine of a percentile the same room."""

from __future__ import annotations

from typing import Any

from pytest_asyncbench.report.document import Distribution, Run
from pytest_asyncbench.report.pictures.canvas import Picture, drawn, from_zero, logarithmic, series_style
from pytest_asyncbench.report.pictures.scales import nines, percentile_ticks, scale_of
from pytest_asyncbench.report.pictures.variants import names
from pytest_asyncbench.units import show_seconds

HEIGHT = 2.8
IN_TABLE = (0.0, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1.0)


def latencies_picture(run: Run, salt: str) -> Picture | None:
    """All variants in one picture; None where nothing was answered."""
    times = [time for each in run.variants for time in each.distribution.seconds if time]
    if not times:
        return None
    title = "Latency by percentile"
    factor, unit = scale_of(times, "s")

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        for number, variant in enumerate(run.variants):
            points = _points(variant.distribution, factor)
            if points:
                style = {**series_style(number), "marker": ""}
                axes.plot(*zip(*points, strict=True), drawstyle="steps-post", **style)
        furthest = max(nines(1.0, each.distribution.count) for each in run.variants)
        axes.set_xticks(*percentile_ticks(furthest))
        axes.set_xlabel("percentile")
        axes.set_ylabel(f"latency ({unit})")
        if max(times) > 20 * min(times):
            logarithmic(axes)
        else:
            from_zero(axes)

    failed = sum(each.distribution.failed for each in run.variants)
    says = "All measured requests; the line ends at the slowest."
    if failed:
        says += f" {failed} requests were not ok: they count as infinitely slow, above the end of the line."
    return Picture(
        title,
        says,
        drawn(paint, HEIGHT, title, salt),
        ("percentile", *names(run)),
        [
            (f"{share * 100:.6g}", *(_at(each.distribution, share) for each in run.variants))
            for share in IN_TABLE
        ],
        names(run),
    )


def _points(found: Distribution, factor: float) -> list[tuple[float, float]]:
    pairs = zip(found.shares, found.seconds, strict=True)
    return [(nines(share, found.count), time * factor) for share, time in pairs if time]


def _at(found: Distribution, share: float) -> str:
    values = dict(zip(found.shares, found.seconds, strict=True))
    if share not in values:
        return "-"
    time = values[share]
    return "not ok" if time is None else show_seconds(time)
