"""What can be known to go wrong before load starts, and settings that make a server slow. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_asyncbench.measure.counts import Counts
from pytest_asyncbench.servers.spec import ServerSpec

SPARE = 5
"""Connections left over for everybody else, ourselves included."""
OWN = 0.5
"""New connections per request from which on a request in flight holds one of its own."""
OFF = ("", "0", "false", "no", "off")
SLOWING = {
    "PYTHONASYNCIODEBUG": "asyncio's debug mode",
    "PYTHONDEVMODE": "Python's development mode",
    "PYTHONTRACEMALLOC": "tracing of allocations",
    "PYTHONPROFILEIMPORTTIME": "profiling of imports",
    "COVERAGE_PROCESS_START": "coverage",
    "COV_CORE_DATAFILE": "coverage",
    "DEBUG": "a debug mode",
    "DJANGO_DEBUG": "Django's debug mode, which keeps every query",
    "FLASK_DEBUG": "Flask's debug mode",
    "SQLALCHEMY_ECHO": "SQLAlchemy's log of every statement",
}
"""Environment variables that slow a server down, and what they switch on."""
SLOWING_ARGUMENTS = {
    "--reload": "watches its files",
    "--debug": "runs in debug mode",
    "--access-log": "writes an access log",
    "--access-logfile": "writes an access log",
}


def too_many_connections(
    specs: Mapping[str, ServerSpec], counts: Mapping[str, Counts], users: int, most: int
) -> str:
    """Why PostgreSQL has too few connections for these servers under so many users, in words; empty if it has enough.

    One variant is under load at a time; the pools of the others keep theirs.
    """
    kept = {name: _most(count) for name, count in counts.items() if not _has_its_own(count)}
    needed, what = sum(kept.values()), "their pools hold that many"
    for name, count in counts.items():
        if _has_its_own(count):
            running = min(specs[name].settled().concurrency or users, users)
            if running + sum(kept.values()) > needed:
                needed = running + sum(kept.values())
                what = f"{name} makes a connection for every request, and {running} run at once"
    if needed + SPARE <= most:
        return ""
    return (
        f"up to {needed} connections are needed ({what}) and {SPARE} to spare, and max_connections is {most}: "
        f"give @pytest.mark.database(settings={{'max_connections': {needed + SPARE}}}), a pool, or fewer threads"
    )


def too_little_memory(held: Mapping[str, float | None], left: float) -> str:
    """Why so many servers cannot be alive at once, in words; empty if they can.

    `held` is the memory of each in bytes (None: not known), `left` what the machine could still give. Servers that wait
    cost memory and no CPU, so all of them may wait at once, as long as none of them is swapped out: one more of the
    largest must fit, since it grows while it is under load.
    """
    known = {name: size for name, size in held.items() if size}
    largest = max(known, key=lambda name: known[name], default="")
    if not known or left >= known[largest]:
        return ""
    return (
        f"{len(known)} servers hold {sum(known.values()) / 1e6:,.0f} MB together, {largest} alone "
        f"{known[largest] / 1e6:,.0f} MB, and the machine has {left / 1e6:,.0f} MB left: they would be measured while "
        "they swap; race fewer of them at once, or with fewer workers"
    )


def _has_its_own(counts: Counts) -> bool:
    return bool(counts.requests) and (counts.connections or 0) / counts.requests >= OWN


def _most(counts: Counts) -> int:
    return counts.connections_max or 0


def slowing(variant: str, spec: ServerSpec) -> list[str]:
    """Settings of a spec that make a server slower than it is in production, in words."""
    set_ = {name: value for name, value in spec.env if value.strip().lower() not in OFF}
    found = [
        f"{variant} runs with {what} ({name}={set_[name]})" for name, what in SLOWING.items() if name in set_
    ]
    arguments = [part.partition("=")[0] for part in (*spec.args, *spec.argv)]
    return [
        *found,
        *(f"{variant} {what} ({flag})" for flag, what in SLOWING_ARGUMENTS.items() if flag in arguments),
    ]
