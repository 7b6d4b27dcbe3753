"""Where the CPU went: the cores that each server and the load agent used, on average."""

from __future__ import annotations

from statistics import fmean
from typing import Any

from pytest_asyncbench.report.document import Run, Variant
from pytest_asyncbench.report.pictures.canvas import MUTED, Picture, drawn, series_style, short

MOST = 24


def cpu_picture(run: Run, cores: int, salt: str) -> Picture | None:
    """A bar for each; None where nothing of it is known."""
    used = [(variant.name, server_cores(variant), agent_cores(variant)) for variant in run.variants]
    if not any(server is not None for _, server, _ in used) or len(used) > MOST:
        return None
    title = "CPU in use"

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        for number, (_, server, agent) in enumerate(used):
            axes.barh(number - 0.2, server or 0.0, height=0.38, color=series_style(number)["color"])
            axes.barh(number + 0.2, agent or 0.0, height=0.38, color=MUTED)
        axes.set_yticks(range(len(used)), [short(name) for name, _, _ in used])
        axes.set_ylim(len(used) - 0.5, -0.5)
        axes.set_xlabel("cores")
        axes.set_xlim(0, max(1.0, *((server or 0.0) * 1.05 for _, server, _ in used)))

    rows = [(name, _told(server), _told(agent)) for name, server, agent in used]
    return Picture(
        title,
        f"Of {cores} cores: the server's processes (coloured) and the load agent (grey), while under load.",
        drawn(paint, 0.8 + 0.5 * len(used), title, salt),
        ("variant", "server (cores)", "load agent (cores)"),
        rows,
    )


def server_cores(variant: Variant) -> float | None:
    """CPU seconds of a server's processes per second, over all of its slots."""
    known = [(slot.server_cpu, slot.seconds) for slot in variant.slots if slot.server_cpu is not None]
    seconds = sum(seconds for _, seconds in known)
    return sum(cpu for cpu, _ in known) / seconds if seconds else None


def agent_cores(variant: Variant) -> float | None:
    """The same of the load agent while it measured."""
    known = [slot.agent_cpu for slot in variant.slots if slot.agent_cpu is not None]
    return fmean(known) if known else None


def _told(cores: float | None) -> str:
    return "-" if cores is None else f"{cores:.2f}"
