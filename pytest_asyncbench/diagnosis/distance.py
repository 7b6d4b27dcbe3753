"""How far the servers are from where the load comes from, in words; and whether a latency holds that. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_asyncbench.metrics import OF_THE_SERVER, metric
from pytest_asyncbench.units import show_seconds
from pytest_asyncbench.verdict.statements import Budget, Statement

SMALL = 0.0002
"""Seconds of a round trip below which nothing is said of it: a loopback interface on a busy machine takes as long."""


def distance(round_trips: Mapping[str, Sequence[float]]) -> str:
    """ "network round trip 5.1 ms"; of variants that are not equally far each of them; "" if all are near."""
    far = {name: known for name, known in round_trips.items() if is_far(known)}
    told = dict.fromkeys(_range(known) for known in far.values())
    if len(told) == 1 and len(far) == len(round_trips):
        return f"network round trip {next(iter(told))}"
    return (
        "network round trip " + ", ".join(f"{_range(known)} ({name})" for name, known in far.items())
        if far
        else ""
    )


def in_budget(statement: Statement, round_trips: Sequence[float], keepalive: bool) -> str:
    """What a latency budget holds of the network, in words; "" for anything else, and for a server that is near."""
    if not isinstance(statement, Budget) or not is_far(round_trips) or not _is_latency(statement.metric):
        return ""
    told = f"the network's round trip, {_range(round_trips)}, is in it"
    return told if keepalive else f"{told}, at least twice: every request makes a connection"


def is_far(round_trips: Sequence[float]) -> bool:
    """Whether the network between an agent and a server takes time that is worth a word."""
    return max(round_trips, default=0.0) >= SMALL


def _is_latency(name: str) -> bool:
    return metric(name).unit == "s" and name not in OF_THE_SERVER


def _range(round_trips: Sequence[float]) -> str:
    low, high = show_seconds(min(round_trips)), show_seconds(max(round_trips))
    return low if low == high else f"{low} to {high}"
