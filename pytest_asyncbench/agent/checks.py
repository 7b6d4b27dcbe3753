"""Is the agent itself in order? What speaks against it makes a run INVALID."""

from __future__ import annotations

import contextlib
import resource
import sys
from collections.abc import Mapping
from pathlib import Path

from pytest_asyncbench.traffic.outcomes import GENERATOR_OUTCOMES

MOST_CPU = 0.8
"""Share of one core above which the agent may have been what limited the server."""
LEAST_OCCUPIED = 0.98
"""Share of users x window in flight, connecting, thinking or pausing after a failure."""
SPARE = 64
"""Files and ports left over for everything else."""
PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")

BLAME = {
    "client_port": "no free local port (EADDRNOTAVAIL)",
    "client_fd": "no free file descriptor (EMFILE or ENFILE)",
    "client_lag": "sent too late",
}


def complaints(counts: Mapping[str, Mapping[str, int]], agent_cpu: float) -> tuple[str, ...]:
    """Violated self-checks of a slot, in words with numbers.

    That users were kept waiting is not among them: whether that was a moment is seen from all rounds together.
    """
    return (*generator_outcomes(counts), *_agent_cpu(agent_cpu))


def generator_outcomes(counts: Mapping[str, Mapping[str, int]]) -> tuple[str, ...]:
    """Failures that were the generator's own."""
    totals = {name: sum(count.get(name, 0) for count in counts.values()) for name in GENERATOR_OUTCOMES}
    return tuple(
        f"{total} requests failed in the load agent: {BLAME[name]}" for name, total in totals.items() if total
    )


def cautions(agent_cpu: float, occupied: float) -> tuple[str, ...]:
    """Violated self-checks that a flow may have caused by its own work, in words with numbers."""
    return (*_agent_cpu(agent_cpu), *_occupied(occupied))


def _agent_cpu(share: float) -> tuple[str, ...]:
    if share <= MOST_CPU:
        return ()
    seen = f"the load agent used {share:.0%} of a core, more than {MOST_CPU:.0%}"
    return (f"{seen}: it may have been the limit, not the server",)


def _occupied(share: float) -> tuple[str, ...]:
    if share >= LEAST_OCCUPIED:
        return ()
    seen = f"users were in flight, connecting or thinking for {share:.1%} of their time, less than {LEAST_OCCUPIED:.0%}"
    return (f"{seen}: the load agent did not keep up",)


def raise_file_limit() -> None:
    """As many open files as this process may have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS refuses what its kernel does not have
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def shortage(users: int, what: str = "users") -> str:
    """Why that many users, or `what` else needs connections, cannot be had here; empty if they can."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files != resource.RLIM_INFINITY and users + SPARE > files:
        return f"{users} {what} need {users + SPARE} open files; this process may have {files} (ulimit -n)"
    ports = local_ports()
    if users + SPARE > ports:
        return f"{users} {what} need {users + SPARE} local ports; the system gives {ports} ({PORTS})"
    return ""


def local_ports() -> int:
    """How many ports outgoing connections can have."""
    try:
        first, last = map(int, PORTS.read_text().split())
    except (OSError, ValueError):
        return sys.maxsize
    return last - first + 1
