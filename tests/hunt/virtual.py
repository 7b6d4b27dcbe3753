"""A server that takes no time: a function from request to latency, with a machine's noise and stalls on top."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from pytest_asyncbench.hunt.timing import Batch, Timing
from pytest_asyncbench.traffic.requests import RequestDescription

OVERHEAD = 0.002
"""Seconds of the clock for each batch."""


@dataclass
class VirtualServer:
    """`takes` tells the seconds of a request, or an outcome that is an error; `noise` is the standard deviation as a
    share, `stalls` the share of requests that a stall of up to `stall` seconds hits. Whatever takes longer than
    `patience` is unanswered."""

    takes: Callable[[RequestDescription], float | str]
    noise: float = 0.0
    stalls: float = 0.0
    stall: float = 0.2
    seed: int = 0
    patience: float = 6.0
    clock: float = 100.0
    log: list[RequestDescription] = field(default_factory=list)

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
            return Timing(0.001, taken, f"it said {taken}")
        taken *= max(0.2, self.random.gauss(1.0, self.noise))
        if self.random.random() < self.stalls:
            taken += self.random.uniform(0.0, self.stall)
        self.clock += min(taken, self.patience)
        return Timing(taken) if taken <= self.patience else Timing(self.patience, "timeout", "no answer")
