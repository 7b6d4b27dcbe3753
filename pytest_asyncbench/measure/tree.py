"""What a process tree has used so far, read from /proc: CPU, turns on a CPU, waiting for one, threads."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_asyncbench.measure.usage import cpu_times

TICK = 1 / os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class TreeReading:
    """One moment of a process tree. Times are seconds.

    `cpu` by process; `ended` is the CPU time of children that have ended and were waited for. `waited` is the time
    that threads were ready and had no CPU, `switches` how often one got a CPU, each summed over `threads` threads.
    """

    cpu: Mapping[int, float]
    ended: float
    waited: float
    switches: int
    threads: int

    @property
    def total(self) -> float:
        """CPU seconds of the tree, of those that have ended, too."""
        return sum(self.cpu.values()) + self.ended


def read_tree(pids: Collection[int], *, threads: bool = True) -> TreeReading:
    """The tree of these processes now; nothing is known where there is no /proc. Without `threads` it is cheaper."""
    waited, switches, number = 0.0, 0, 0
    for pid in pids if threads else ():
        for wait, turns in _tasks(pid):
            waited, switches, number = waited + wait, switches + turns, number + 1
    return TreeReading(
        cpu_times(pids), sum(_of_ended_children(pid) for pid in pids), waited, switches, number
    )


def _tasks(pid: int) -> list[tuple[float, int]]:
    """(seconds ready without a CPU, turns on a CPU) of each thread; /proc/PID/schedstat is the main thread alone."""
    found = []
    with contextlib.suppress(OSError):
        for task in os.listdir(PROC / str(pid) / "task"):
            with contextlib.suppress(OSError, ValueError):
                _, wait, turns = (PROC / str(pid) / "task" / task / "schedstat").read_bytes().split()
                found.append((int(wait) / 1e9, int(turns)))
    return found


def _of_ended_children(pid: int) -> float:
    try:
        fields = (PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[13]) + int(fields[14])) * TICK


def shares(before: TreeReading, after: TreeReading, seconds: float) -> dict[int, float]:
    """CPU of each process as a share of one core."""
    return {pid: max(0.0, used - before.cpu.get(pid, 0.0)) / seconds for pid, used in after.cpu.items()}


@dataclass(frozen=True, slots=True)
class MachineReading:
    """One moment of the machine: CPU seconds stolen by the hypervisor and in all, and periods of the
    cgroup's CPU quota, all and throttled."""

    stolen: float
    everything: float
    periods: int
    throttled: int


def read_machine(pids: Sequence[int]) -> MachineReading:
    """The machine now, with the CPU quotas that hold for `pids`; zeros where nothing is known."""
    stolen = everything = 0.0
    with contextlib.suppress(OSError), (PROC / "stat").open("rb") as file:
        ticks = [int(field) for field in file.readline().split()[1:9]]
        stolen, everything = ticks[7] * TICK, sum(ticks) * TICK
    periods = throttled = 0
    for path in {path for pid in pids for path in cpu_stats(pid)}:
        with contextlib.suppress(OSError):
            found = dict(line.split() for line in path.read_text().splitlines())
            if int(found.get("nr_throttled", 0)) >= throttled:
                periods, throttled = int(found.get("nr_periods", 0)), int(found.get("nr_throttled", 0))
    return MachineReading(stolen, everything, periods, throttled)


def cpu_stats(pid: int) -> list[Path]:
    """Where the quotas that hold for a process are counted: its cgroup's, and those above it."""
    found: list[Path] = []
    with contextlib.suppress(OSError):
        for line in (PROC / str(pid) / "cgroup").read_text().splitlines():
            _, controllers, name = line.split(":", 2)
            roots = {"": "", "cpu": "cpu", "cpu,cpuacct": "cpu,cpuacct", "cpuacct,cpu": "cpu,cpuacct"}
            if controllers not in roots:
                continue
            root = Path("/sys/fs/cgroup") / roots[controllers]
            path = root / name.lstrip("/")
            found += [place / "cpu.stat" for place in (path, *path.parents) if place.is_relative_to(root)]
    return found


def throttled_share(before: MachineReading, after: MachineReading) -> float:
    """Share of the quota's periods in which it was used up."""
    return (after.throttled - before.throttled) / max(1, after.periods - before.periods)


def stolen_share(before: MachineReading, after: MachineReading) -> float:
    """Share of the machine's CPU time that its hypervisor gave to others."""
    return (after.stolen - before.stolen) / max(TICK, after.everything - before.everything)
