"""Hunts on a virtual server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from pytest_asyncbench.hunt.drawing import Drawing
from pytest_asyncbench.hunt.hunt import Hunt
from pytest_asyncbench.hunt.timing import Batch, Timing
from pytest_asyncbench.traffic.requests import RequestDescription

OVERHEAD = 0.002
"""Seconds of the clock for each batch."""
BEGINNING = 100.0


@dataclass
class VirtualServer:
    """A function from request to latency that takes no time, with a machine's noise and stalls on top.

    `takes` tells the seconds of a request, or an outcome that is an error; `noise` is the standard deviation as a
    share, `stalls` the share of requests that a stall of up to `stall` seconds hits. Whatever takes longer than
    `patience` is unanswered, and keeps the server busy: the next `busy` requests are slow, too.
    """

    takes: Callable[[RequestDescription], float | str]
    noise: float = 0.0
    stalls: float = 0.0
    stall: float = 0.2
    seed: int = 0
    patience: float = 6.0
    busy: int = 0
    clock: float = BEGINNING
    log: list[RequestDescription] = field(default_factory=list)
    waiting: int = 0

    def __post_init__(self) -> None:
        self.random = Random(self.seed)

    def now(self) -> float:
        return self.clock

    def send(self, request: RequestDescription, count: int) -> Batch:
        self.clock += OVERHEAD
        return Batch(tuple(self._once(request) for _ in range(count)))

    def _once(self, request: RequestDescription) -> Timing:
        self.log.append(request)
        taken = self.takes(request)
        if isinstance(taken, str):
            self.clock += 0.001
            return Timing(0.001, taken, f"it was {taken}")
        taken *= max(0.2, self.random.gauss(1.0, self.noise))
        if taken > self.patience:
            self.waiting = self.busy
        elif self.waiting:
            self.waiting -= 1
            taken += 1.0
        if self.random.random() < self.stalls:
            taken += self.random.uniform(0.0, self.stall)
        self.clock += min(taken, self.patience)
        if taken <= self.patience:
            return Timing(taken)
        return Timing(self.patience, "timeout", "no answer")


@pytest.fixture(scope="session")
def server_of() -> type[VirtualServer]:
    return VirtualServer


@pytest.fixture(scope="session")
def hunt_on() -> Callable[..., Hunt]:
    """Makes a hunt on a server: what is asked, then its keywords and those of the hunt."""

    def made(server: VirtualServer, what: Any = "/", /, **words: Any) -> Hunt:
        own = {"examples": 120, "seed": server.seed, "time": 600.0, "most": 4000, "corpus": frozenset()}
        given = {name: words.pop(name, usual) for name, usual in own.items()}
        return Hunt(Drawing("load.slowest(...)", what, words.pop("method", None), words), server, **given)

    return made
