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

    `cpu` by process; `ended` is the CPU time of children that have ended and were waited for. `waited` by process is
    the time that its threads were ready and had no CPU, `switches` how often one got a CPU, summed over all `threads`.
    """

    cpu: Mapping[int, float]
    ended: float
    waited: Mapping[int, float]
    switches: int
    threads: int

    @property
    def total(self) -> float:
        """CPU seconds of the tree, of those that have ended, too."""
        return sum(self.cpu.values()) + self.ended


def read_tree(pids: Collection[int], *, threads: bool = True) -> TreeReading:
    """The tree of these processes now; nothing is known where there is no /proc. Without `threads` it is cheaper."""
    tasks = {pid: _tasks(pid) for pid in pids} if threads else {}
    waited = {pid: sum(wait for wait, _ in found) for pid, found in tasks.items()}
    switches = sum(turns for found in tasks.values() for _, turns in found)
    number = sum(map(len, tasks.values()))
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


def shares(before: TreeReading, after: TreeReading, seconds: float) -> list[tuple[float, float]]:
    """Of each process, the busiest first: CPU, and mean number of threads that were ready and had none."""
    found = []
    for pid, used in after.cpu.items():
        waited = after.waited.get(pid, 0.0) - before.waited.get(pid, 0.0)
        found.append((max(0.0, used - before.cpu.get(pid, 0.0)) / seconds, max(0.0, waited) / seconds))
    return sorted(found, reverse=True)


@dataclass(frozen=True, slots=True)
class MachineReading:
    """One moment of the machine: CPU seconds stolen by the hypervisor, idle, and in all; and of every
    cgroup that has a CPU quota its periods so far, all and those in which the quota was used up."""

    stolen: float
    idle: float
    everything: float
    quotas: Mapping[Path, tuple[int, int]]


def read_machine(pids: Sequence[int]) -> MachineReading:
    """The machine now, with the CPU quotas that hold for `pids`; zeros where nothing is known."""
    stolen = idle = everything = 0.0
    with contextlib.suppress(OSError), (PROC / "stat").open("rb") as file:
        ticks = [int(field) for field in file.readline().split()[1:9]]
        stolen, idle, everything = ticks[7] * TICK, (ticks[3] + ticks[4]) * TICK, sum(ticks) * TICK
    quotas = {}
    for path in {path for pid in pids for path in cpu_stats(pid)}:
        with contextlib.suppress(OSError, ValueError):
            found = dict(line.split() for line in path.read_text().splitlines())
            quotas[path] = int(found.get("nr_periods", 0)), int(found.get("nr_throttled", 0))
    return MachineReading(stolen, idle, everything, quotas)


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
    """Share of the periods in which a quota was used up; of several, the highest."""
    shares = []
    for path, (periods, throttled) in after.quotas.items():
        periods_before, throttled_before = before.quotas.get(path, (0, 0))
        shares.append((throttled - throttled_before) / max(1, periods - periods_before))
    return max(shares, default=0.0)


def stolen_share(before: MachineReading, after: MachineReading) -> float:
    """Share of the machine's CPU time that its hypervisor gave to others."""
    return (after.stolen - before.stolen) / max(TICK, after.everything - before.everything)


def busy_share(before: MachineReading, after: MachineReading) -> float:
    """Share of the machine's CPU time that was used by anybody."""
    everything = after.everything - before.everything
    return max(0.0, 1 - (after.idle - before.idle) / everything) if everything > 0 else 0.0
