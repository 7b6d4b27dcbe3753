"""Requests made one by one, each to be sent once: by functions of their number, or by an iterator."""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

from pytest_asyncbench.traffic.encoding import Encoded
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.plan import WireRequest
from pytest_asyncbench.traffic.requests import RequestDescription, description_of, encoded, wire_bytes
from pytest_asyncbench.traffic.sending import Stock, decks

MOST_REQUESTS = 200_000
MOST_BYTES = 100_000_000
"""What is made ahead at most."""


@dataclass(frozen=True, slots=True)
class Made:
    """A request that is made but for its server."""

    description: RequestDescription
    built: Encoded

    @property
    def size(self) -> int:
        """Bytes, about."""
        return len(self.built.target) + len(self.built.body) + 300


class Source:
    """Makes the requests of one load call ahead of the slots that send them; what a slot did not send stays.

    `ended`: the iterator has no more. `seconds` were spent on making. `number` have been made.
    """

    def __init__(self, plan: LoadPlan, seed: int) -> None:
        self.ended = False
        self.seconds = 0.0
        self.number = 0
        self._plan = plan
        self._ready: list[Made] = []
        self._size = 0
        self._coming = _stream(plan) if plan.stream is not None else _numbered(plan, seed)

    def stock(self, host: str, wanted: int, until: float, *, keepalive: bool = True) -> Stock:
        """The next requests for a server at `host`: `wanted` of them, or fewer where the source ends, where memory is
        bounded, or where it is `until` (a reading of `time.monotonic`). Raises what the user's functions raise."""
        self._make(wanted, until)
        kinds: dict[tuple[str, str], int] = {}
        which, data = array("I"), []
        for made in self._ready[:wanted]:
            description = made.description
            which.append(kinds.setdefault((description.label, description.method), len(kinds)))
            data.append(wire_bytes(description, made.built, host, keepalive))
        expect = self._plan.expect
        return Stock(tuple(WireRequest(name, method, b"", expect) for name, method in kinds), which, data)

    def spend(self, used: tuple[int, ...]) -> None:
        """Those that were given last were dealt out to `len(used)` agents, and the first `used[i]` of agent i sent."""
        agents = len(used)
        spent = {index + number * agents for index, count in enumerate(used) for number in range(count)}
        self._size -= sum(self._ready[index].size for index in spent)
        self._ready = [made for index, made in enumerate(self._ready) if index not in spent]

    def _make(self, wanted: int, until: float) -> None:
        began = time.monotonic()
        while len(self._ready) < min(wanted, MOST_REQUESTS) and self._size < MOST_BYTES:
            description = next(self._coming, None)
            if description is None:
                self.ended = True
                break
            self._ready.append(Made(description, encoded(description)))
            self._size += self._ready[-1].size
            self.number += 1
            if time.monotonic() > until:
                break
        self.seconds += time.monotonic() - began


def _stream(plan: LoadPlan) -> Iterator[RequestDescription]:
    for number, item in enumerate(plan.stream or ()):
        yield description_of(item, "load.send(...): the iterator").numbered(number)


def _numbered(plan: LoadPlan, seed: int) -> Iterator[RequestDescription]:
    """For ever: each description counts its own requests."""
    numbers = [0] * len(plan.requests)
    order = decks(plan.weights, seed) if plan.weights else cycle(range(len(plan.requests)))
    for index in order:
        yield plan.requests[index].numbered(numbers[index])
        numbers[index] += 1
