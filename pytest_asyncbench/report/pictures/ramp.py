"""A ramp: throughput, latency and errors against the load, with the knee, the limit and the cliff marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_asyncbench.report.document import Figure, LoadCall, Ramp, Variant
from pytest_asyncbench.report.lines import shown, shown_metrics
from pytest_asyncbench.report.pictures.canvas import BAD, GOOD, MUTED, SERIES, TEXT, Picture, drawn, from_zero
from pytest_asyncbench.report.pictures.scales import scale_of

HEIGHT = 5.0
MARKS = (("knee", TEXT, "--"), ("slo_limit", GOOD, "-."), ("cliff", BAD, ":"))
CALLED = {"knee": "knee", "slo_limit": "limit", "cliff": "cliff"}


def ramp_picture(call: LoadCall, salt: str) -> Picture | None:
    """None for a ramp without plateaus."""
    if call.ramp is None or not call.runs:
        return None
    ramp, plateaus = call.ramp, [run.variants[0] for run in call.runs]
    title = f"Ramp of {ramp.by}"

    def paint(figure: Any) -> None:
        rate, latency, errors = figure.subplots(3, sharex=True, height_ratios=(3, 3, 1.4))
        _line(rate, ramp.loads, plateaus, "rps", 1.0, SERIES[0], "-")
        times = [figure.value for each in plateaus for figure in _figures(each) if figure.value]
        factor, unit = scale_of(times, "s")
        for number, name in enumerate(("p50", "p95")):
            _line(
                latency,
                ramp.loads,
                plateaus,
                name,
                factor,
                SERIES[number],
                "-" if number == 0 else "--",
                name,
            )
        _line(errors, ramp.loads, plateaus, "errors", 100.0, BAD, "-")
        rate.set_title("requests answered ok per second")
        latency.set_title(f"latency ({unit}): p50 solid, p95 dashed")
        errors.set_title("not ok (%)")
        errors.set_xlabel(ramp.unit if ramp.by == "users" else "starts per second")
        errors.set_xscale("log")
        errors.set_xticks(ramp.loads, [f"{load:.3g}" for load in ramp.loads])
        errors.minorticks_off()
        for axes in (rate, latency, errors):
            from_zero(axes)
            _marks(axes, ramp)
        _named(rate, ramp)

    says = "; ".join(f"{CALLED[name]}: {_told(ramp, name)}" for name, _, _ in MARKS if _told(ramp, name))
    names = shown_metrics(plateaus)
    rows = [
        (f"{load:.6g}", *(shown(each, name) for name in names))
        for load, each in zip(ramp.loads, plateaus, strict=True)
    ]
    return Picture(title, says, drawn(paint, HEIGHT, f"{title}. {says}", salt), (ramp.unit, *names), rows)


def _figures(variant: Variant) -> list[Figure]:
    return [variant.figures[name] for name in ("p50", "p95") if name in variant.figures]


def _value(variant: Variant, name: str) -> float | None:
    figure = variant.figures.get(name)
    return figure.value if figure else None


def _line(
    axes: Any,
    loads: Sequence[float],
    plateaus: Sequence[Variant],
    name: str,
    factor: float,
    colour: str,
    line: str,
    label: str = "",
) -> None:
    known = [
        (load, value * factor)
        for load, each in zip(loads, plateaus, strict=True)
        if (value := _value(each, name)) is not None
    ]
    if known:
        axes.plot(*zip(*known, strict=True), color=colour, linestyle=line, marker="o", label=label)


def _marks(axes: Any, ramp: Ramp) -> None:
    for name, colour, line in MARKS:
        found = getattr(ramp, name)
        if found.value is None:
            continue
        axes.axvline(found.value, color=colour, linestyle=line, linewidth=1.3)
        if name == "knee" and found.low and found.high and found.high > found.low:
            axes.axvspan(found.low, found.high, color=MUTED, alpha=0.2, linewidth=0)


def _named(axes: Any, ramp: Ramp) -> None:
    """Names at the top of the marks, each in a line of its own: they may be close to each other."""
    for row, (name, colour, _) in enumerate(MARKS):
        found = getattr(ramp, name)
        if found.value is None:
            continue
        right = found.value > (ramp.loads[0] * ramp.loads[-1]) ** 0.5
        axes.annotate(
            CALLED[name],
            (found.value, 0.04 + 0.12 * row),
            xycoords=("data", "axes fraction"),
            xytext=(-4 if right else 4, 0),
            textcoords="offset points",
            ha="right" if right else "left",
            color=colour,
        )


def _told(ramp: Ramp, name: str) -> str:
    found = getattr(ramp, name)
    return str(found.shown if found.value is not None else found.why.removeprefix(f"{name}: "))
