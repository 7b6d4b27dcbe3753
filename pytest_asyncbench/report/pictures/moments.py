"""What happened when: rate, latency and errors over the time of the load call, slot after slot."""

from __future__ import annotations

from typing import Any

from pytest_asyncbench.report.document import Run, SlotValues
from pytest_asyncbench.report.pictures.canvas import Picture, drawn, from_zero, series_style
from pytest_asyncbench.report.pictures.scales import scale_of
from pytest_asyncbench.report.pictures.variants import names
from pytest_asyncbench.units import show_count, show_seconds, show_share

HEIGHT = 4.6


def moments_picture(run: Run, salt: str) -> Picture | None:
    """Three panels on one axis of time; None where nothing was measured."""
    slots = [slot for variant in run.variants for slot in variant.slots]
    if not slots:
        return None
    title = "Rate, p95 and errors over time"
    factor, unit = scale_of([time for slot in slots for time in _p95(slot) if time], "s")

    def paint(figure: Any) -> None:
        rate, latency, errors = figure.subplots(3, sharex=True)
        for number, variant in enumerate(run.variants):
            style = {**series_style(number), "marker": "", "linestyle": "-", "linewidth": 1.1}
            for slot in variant.slots:
                at = _times(slot)
                rate.plot(at, _rates(slot), **style)
                p95 = [None if time is None else time * factor for time in _p95(slot)]
                known = [float("nan") if value is None else value for value in p95]
                latency.plot(at, known, **{**style, "marker": ".", "markersize": 3})  # some stand alone
                errors.plot(at, _errors(slot), **style)
        rate.set_title("ok per second")
        latency.set_title(f"95th percentile ({unit})")
        errors.set_title("not ok (%)")
        errors.set_xlabel("seconds")
        for axes in (rate, latency, errors):
            from_zero(axes)

    return Picture(
        title,
        f"In steps of {slots[0].series.step * 1000:g} ms by the time of sending, each line one slot. Shown, never "
        "judged. Where steps have fewer than 20 answers, p95 is that of the slot, or the mean.",
        drawn(paint, HEIGHT, title, salt),
        ("slot", "variant", "round", "begins at", "rps", "p95", "not ok"),
        _rows(run),
        names(run),
    )


def _times(slot: SlotValues) -> list[float]:
    """The middle of each step."""
    return [slot.opened + (index + 0.5) * slot.series.step for index in range(len(slot.series.sent))]


def _rates(slot: SlotValues) -> list[float]:
    step, count = slot.series.step, len(slot.series.ok)
    lengths = [step] * (count - 1) + [max(step / 2, slot.window - step * (count - 1))]
    return [ok / length for ok, length in zip(slot.series.ok, lengths, strict=True)]


def _p95(slot: SlotValues) -> list[float | None]:
    if all(value is not None for value, sent in zip(slot.series.p95, slot.series.sent, strict=True) if sent):
        return list(slot.series.p95)
    whole = slot.values.get("p95")
    return [whole] * len(slot.series.sent) if whole is not None else list(slot.series.mean)


def _errors(slot: SlotValues) -> list[float]:
    pairs = zip(slot.series.sent, slot.series.ok, strict=True)
    return [100 * (sent - ok) / sent if sent else 0.0 for sent, ok in pairs]


def _rows(run: Run) -> list[tuple[str, ...]]:
    slots = sorted(
        ((slot, variant.name) for variant in run.variants for slot in variant.slots),
        key=lambda pair: pair[0].position,
    )
    return [
        (
            str(slot.position + 1),
            name,
            str(slot.round),
            f"{slot.opened:.1f} s",
            _shown(slot.values.get("rps"), show_count),
            _shown(slot.values.get("p95"), show_seconds),
            _shown(slot.values.get("errors"), show_share),
        )
        for slot, name in slots
    ]


def _shown(value: float | None, show: Any) -> str:
    return "-" if value is None else str(show(value))
