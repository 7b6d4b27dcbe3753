"""What a hunt has found."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_asyncbench.traffic.requests import RequestDescription


@dataclass(frozen=True, slots=True)
class Broken:
    """A request that is not answered ok, with what was seen."""

    request: RequestDescription
    why: str


@dataclass(frozen=True, slots=True)
class Quarry:
    """What a hunt has found: the slowest request, shrunk; how it was before; and a request with the median latency.

    `examples` are the different requests that were tried, `requests` how often one was sent. `broken` were not answered
    ok, the simplest first. `corpus` is what Hypothesis is to try first in the next run.
    """

    slowest: RequestDescription
    found_as: RequestDescription
    typical: RequestDescription
    examples: int
    requests: int
    broken: tuple[Broken, ...] = ()
    notes: tuple[str, ...] = ()
    corpus: frozenset[bytes] = frozenset()
