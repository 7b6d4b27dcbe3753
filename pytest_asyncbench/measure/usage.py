"""What a process tree used: CPU time in nanoseconds, memory."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping


def cpu_times(pids: Iterable[int]) -> dict[int, float]:
    """CPU seconds used so far by each living process of `pids`, to the nanosecond.

    Read from the process's CPU clock (see clock_getcpuclockid(3)): /proc has ticks of 10 ms, which is 27 % noise at
    20 requests per second. Empty where there are no such clocks.
    """
    if not sys.platform.startswith("linux"):
        return {}
    times = {}
    for pid in pids:
        try:
            times[pid] = time.clock_gettime((~pid) << 3 | 2)
        except OSError:  # it has ended
            continue
    return times


def cpu_between(before: Mapping[int, float], after: Mapping[int, float]) -> float | None:
    """CPU seconds used between two readings; processes started in between count whole. None without any reading."""
    if not after:
        return None
    return sum(used - before.get(pid, 0.0) for pid, used in after.items())


def memory(pids: Iterable[int]) -> float | None:
    """Proportional set size of a process tree in bytes (shared pages counted once); None if it cannot be read."""
    import psutil

    total = 0
    for pid in pids:
        try:
            total += psutil.Process(pid).memory_full_info().pss
        except (psutil.Error, AttributeError):
            continue
    return float(total) or None
