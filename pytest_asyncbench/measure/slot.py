"""What one slot of load yielded: the agent's samples, and what the server used meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pytest_asyncbench.measure.watching import SlotCounters
from pytest_asyncbench.traffic.samples import SlotResult


@dataclass(frozen=True, slots=True)
class Slot:
    """One variant under load once.

    `server_cpu` are the CPU seconds of the server's whole process tree over all phases of the slot, `memory` the
    tree's proportional set size in bytes after it; None where it cannot be known. `counters` are what it and its
    database did, if they were watched.
    """

    variant: str
    round: int
    samples: SlotResult
    server_cpu: float | None = None
    memory: float | None = None
    counters: SlotCounters | None = None


Datum: TypeAlias = Sequence[Slot]
"""The slots of one variant that make up one value of a metric: usually one, several where a percentile needs
more answers than one slot has."""
