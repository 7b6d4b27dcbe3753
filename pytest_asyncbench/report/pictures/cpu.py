"""Where the CPU went: the cores that server, PostgreSQL and load agent used, on average."""

from __future__ import annotations

from statistics import fmean
from typing import Any

from pytest_asyncbench.report.document import Run, Variant
from pytest_asyncbench.report.pictures.canvas import SERIES, Picture, drawn, short

MOST = 24
COLOURS = SERIES[:3]


def cpu_picture(run: Run, cores: int, salt: str) -> Picture | None:
    """Bars for each variant; None where nothing of it is known."""
    used = [(each.name, server_cores(each), database_cores(each), agent_cores(each)) for each in run.variants]
    if all(server is database is None for _, server, database, _ in used) or len(used) > MOST:
        return None
    title = "CPU in use"
    with_database = any(database is not None for _, _, database, _ in used)

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        for number, (_, *parts) in enumerate(used):
            for place, (value, colour) in enumerate(zip(parts, COLOURS, strict=True)):
                axes.barh(number + (place - 1) * 0.26, value or 0.0, height=0.24, color=colour)
        axes.set_yticks(range(len(used)), [short(name) for name, *_ in used])
        axes.set_ylim(len(used) - 0.5, -0.5)
        axes.set_xlabel("cores")
        axes.set_xlim(0, max(1.0, *((value or 0.0) * 1.05 for _, *parts in used for value in parts)))

    database = "PostgreSQL (middle), " if with_database else ""
    return Picture(
        title,
        f"Of {cores} cores: the server's processes (upper bar), {database}the load agent (lower), while under load.",
        drawn(paint, 0.8 + 0.6 * len(used), title, salt),
        ("variant", "server (cores)", "PostgreSQL (cores)", "load agent (cores)"),
        [(name, *map(_told, parts)) for name, *parts in used],
        ("server", "PostgreSQL", "load agent") if with_database else (),
    )


def database_cores(variant: Variant) -> float | None:
    """Cores that PostgreSQL used under this variant's load, without what looking at it cost; None: not known."""
    load = (variant.counters or {}).get("load") or {}
    cpu = (load.get("database") or {}).get("cpu")
    return float(cpu) if isinstance(cpu, int | float) else None


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
