"""In what order requests are sent, and those that were made ahead, each to be sent once."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from random import Random
from typing import overload

from pytest_asyncbench.traffic.plan import WireRequest


@dataclass(frozen=True, slots=True)
class Order:
    """How requests of a plan follow each other.

    Without `weights` each user sends them in turn. With them they are dealt to all users from one deck, in which
    each request is `weights[i]` times, shuffled anew by a generator seeded with `seed` whenever it is used up.
    """

    weights: tuple[int, ...] = ()
    seed: int = 0


def decks(weights: Sequence[int], seed: int) -> Iterator[int]:
    """Indices of requests for ever; every deck of sum(weights) of them holds each exactly `weights[i]` times."""
    coin = Random(seed)
    deck = list(chain.from_iterable([index] * count for index, count in enumerate(weights)))
    while True:
        coin.shuffle(deck)
        yield from deck


@dataclass(frozen=True, slots=True)
class Stock(Sequence[WireRequest]):
    """Requests made ahead: each is sent once, whoever is next. Made to travel: a list of bytes, not of objects.

    `kinds` are the distinct ones but for their bytes (`data` is empty), `which[i]` says of what kind request i is.
    """

    kinds: tuple[WireRequest, ...]
    which: array[int] = field(default_factory=lambda: array("I"))
    data: list[bytes] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.data)

    @overload
    def __getitem__(self, index: int) -> WireRequest: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[WireRequest]: ...
    def __getitem__(self, index: int | slice) -> WireRequest | Sequence[WireRequest]:
        if isinstance(index, slice):
            return Stock(self.kinds, self.which[index], self.data[index])
        kind = self.kinds[self.which[index]]
        return WireRequest(kind.name, kind.method, self.data[index], kind.expect)


def names(requests: Sequence[WireRequest]) -> tuple[str, ...]:
    """The names of requests by the index that samples carry: that of the kind, for requests made ahead."""
    return tuple(request.name for request in (requests.kinds if isinstance(requests, Stock) else requests))


def kinds(requests: Sequence[WireRequest], indices: array[int]) -> array[int]:
    """Indices of requests as samples carry them: into `names(requests)`."""
    if not isinstance(requests, Stock):
        return indices
    return array("I", [requests.which[index] for index in indices])
