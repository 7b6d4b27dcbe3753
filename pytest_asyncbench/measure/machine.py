"""What the machine did to everybody during a slot: CPU time taken away by its host, or by a limit."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

STAT = Path("/proc/stat")
OWN_GROUPS = Path("/proc/self/cgroup")
GROUPS = Path("/sys/fs/cgroup")
STEAL_FIELD = 7
"""Of the line `cpu`: user nice system idle iowait irq softirq steal; guest time is in user already. See proc(5)."""


@dataclass(frozen=True, slots=True)
class MachineTimes:
    """Readings that only grow: CPU ticks of all cores in all, those stolen by the host, and the seconds for which a
    limit (a cgroup's quota) has stopped us. `at` is a reading of `time.monotonic`."""

    ticks: int = 0
    stolen: int = 0
    stopped: float = 0.0
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Shares of a slot: of all CPU time that the host took away (steal), and of the time under a limit."""

    stolen: float = 0.0
    stopped: float = 0.0


def read_machine() -> MachineTimes:
    """The readings now; zeros where the system does not tell."""
    if not sys.platform.startswith("linux"):
        return MachineTimes()
    return parsed(_text(STAT), _text(path) if (path := _limit_file()) else "", time.monotonic())


def parsed(stat: str, limits: str, at: float) -> MachineTimes:
    """Readings from the texts of /proc/stat and of a cgroup's cpu.stat (version 1: nanoseconds, 2: microseconds)."""
    head = stat.partition("\n")[0].split()
    ticks = [int(field) for field in head[1 : STEAL_FIELD + 2]] if head[:1] == ["cpu"] else []
    known = dict(line.split() for line in limits.splitlines() if len(line.split()) == 2)
    stopped = int(known.get("throttled_usec", 0)) / 1e6 + int(known.get("throttled_time", 0)) / 1e9
    return MachineTimes(sum(ticks), ticks[STEAL_FIELD] if len(ticks) > STEAL_FIELD else 0, stopped, at)


def between(before: MachineTimes, after: MachineTimes) -> Disturbance:
    """What was taken away between two readings."""
    ticks, elapsed = after.ticks - before.ticks, after.at - before.at
    return Disturbance(
        (after.stolen - before.stolen) / ticks if ticks > 0 else 0.0,
        (after.stopped - before.stopped) / elapsed if elapsed > 0 else 0.0,
    )


@cache
def _limit_file() -> Path | None:
    """The cpu.stat of our own cgroup, of either version; None where there is none."""
    for line in _text(OWN_GROUPS).splitlines():
        _, controllers, path = line.split(":", 2)
        names = controllers.split(",")
        if controllers and "cpu" not in names:
            continue
        for root in (GROUPS, GROUPS / "cpu", GROUPS / "cpu,cpuacct", GROUPS / "unified"):
            for own in (path.lstrip("/"), ""):  # in a container the path may be the host's
                found = root / own / "cpu.stat"
                if "throttled" in _text(found):
                    return found
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
