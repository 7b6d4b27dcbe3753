"""One comparison round by round: each round's ratio, and how the interval closed in on the margin."""

from __future__ import annotations

from typing import Any

from pytest_asyncbench.report.document import Track
from pytest_asyncbench.report.pictures.canvas import BAD, MUTED, SERIES, TEXT, Picture, drawn, logarithmic

HEIGHT = 2.6


def rounds_picture(track: Track, salt: str) -> Picture | None:
    """None for a comparison without a single round."""
    points = [(number, ratio) for number, ratio in enumerate(track.ratios, 1) if ratio]
    if not points:
        return None
    title = f"{track.subject}, round by round"

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        _band(axes, track)
        axes.plot(*zip(*points, strict=True), linestyle="", marker="o", color=SERIES[0], label="one round")
        for margin in (track.above, track.below):
            if margin is not None:
                axes.axhline(margin, color=BAD, linestyle="--", linewidth=1.2)
        axes.set_xlabel("rounds")
        axes.set_ylabel("ratio")
        axes.xaxis.get_major_locator().set_params(integer=True)
        _limits(axes, track, [ratio for _, ratio in points])

    claims = [
        f"above {track.above:.4g}" if track.above else "",
        f"below {track.below:.4g}" if track.below else "",
    ]
    says = (
        f"Dots: single rounds. Line and band: estimate and interval so far, squares where the rule looked. Dashed: the "
        f"margin; all of the band must be {' and '.join(filter(None, claims))}."
    )
    return Picture(
        title,
        says,
        drawn(paint, HEIGHT, title, salt),
        ("rounds", "ratio of this round", "estimate", "interval", "look"),
        _rows(track),
    )


def _band(axes: Any, track: Track) -> None:
    known = [point for point in track.path if point.low and point.high and point.ratio]
    if known:
        at = [point.rounds for point in known]
        low, high = [point.low for point in known], [point.high for point in known]
        axes.fill_between(at, low, high, color=SERIES[0], alpha=0.2, linewidth=0)
        if len(known) == 1:
            axes.plot(at * 2, [low[0], high[0]], color=SERIES[0], linewidth=3, alpha=0.5)
    line = [(point.rounds, point.ratio) for point in track.path if point.ratio]
    if line:
        axes.plot(*zip(*line, strict=True), color=TEXT, linewidth=1.2)
    for point in known:
        if point.look:
            axes.plot(
                [point.rounds] * 2,
                [point.low, point.high],
                color=MUTED,
                marker="s",
                linestyle="",
                markersize=5,
            )


def _limits(axes: Any, track: Track, ratios: list[float]) -> None:
    """Where the ratios and the margins are; an interval that is far wider does not squeeze them."""
    seen = [*ratios, *(margin for margin in (track.above, track.below) if margin)]
    low, high = min(seen), max(seen)
    room = max((high / low) ** 0.15, 1.02)
    if high / low > 4:
        logarithmic(axes)
    axes.set_ylim(low / room, high * room)


def _rows(track: Track) -> list[tuple[str, ...]]:
    path = {point.rounds: point for point in track.path}
    rows: list[tuple[str, ...]] = []
    for number, ratio in enumerate(track.ratios, 1):
        point = path.get(number)
        interval = f"{point.low:.4g} to {point.high:.4g}" if point and point.low and point.high else "-"
        estimate = f"{point.ratio:.4g}" if point and point.ratio else "-"
        looked = "yes" if point and point.look else ""
        rows.append((str(number), f"{ratio:.4g}" if ratio else "-", estimate, interval, looked))
    return rows
