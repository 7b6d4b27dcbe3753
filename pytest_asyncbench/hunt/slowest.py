"""What `load.slowest` returns: the slowest request, what it takes, and what a typical one takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from statistics import median
from typing import TYPE_CHECKING, NoReturn

from pytest_asyncbench.errors import NotInSmoke, UnknownValue
from pytest_asyncbench.hunt.confirming import Sight
from pytest_asyncbench.hunt.quarry import Broken, Quarry
from pytest_asyncbench.measure.counts import Counts
from pytest_asyncbench.measure.interval import Interval, interval
from pytest_asyncbench.measure.run import Run
from pytest_asyncbench.measure.value import Measure
from pytest_asyncbench.metrics import METRICS, Metric
from pytest_asyncbench.traffic.requests import RequestDescription
from pytest_asyncbench.units import seconds, show_count, show_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

STANDS_OUT = 1.5
"""Times that the slowest request takes longer than the typical one, from which on it is called slow."""
COUNTED = ("queries_per_request", "rows_per_request", "connections_per_request")


class Slowest:
    """The result of `load.slowest`.

    `.request` is the slowest request that was found, in its simplest form: `load.send(found.request)` puts it under
    load, and its repr can be pasted. `.latency` is what it takes when it is sent alone, `.typical` what a typical one
    (`.typical_request`) takes beside it, and `.times_slower` the ratio: values with an interval, in seconds.
    `.found_as` is the request before it was shrunk; `.broken` are those that were not answered ok; `.examples`
    different requests were tried, and `.requests` sent. Every metric of a load call is here as well:
    `.queries_per_request` and `.rows_per_request` are counted exactly, on a burst of the slowest request.
    """

    def __init__(
        self,
        quarry: Quarry,
        sights: Sequence[Sight],
        run: Run,
        *,
        counts: Mapping[str, Counts] | None = None,
        requests: int = 0,
    ) -> None:
        self.quarry = quarry
        self.sights = tuple(sights)
        self.run = run
        self.counts = dict(counts or {})
        self.requests = requests

    @property
    def name(self) -> str:
        """The name of the hunt: `name=`, or what was asked."""
        return self.run.name

    @property
    def request(self) -> RequestDescription:
        """The slowest request, in its simplest form."""
        return self._hunted().slowest

    @property
    def found_as(self) -> RequestDescription:
        """The slowest request as it was found, before it was made simpler."""
        return self._hunted().found_as

    @property
    def typical_request(self) -> RequestDescription:
        """A request with the median latency of those that were drawn at random."""
        return self._hunted().typical

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be known of the search."""
        return self.quarry.notes

    @property
    def broken(self) -> tuple[Broken, ...]:
        """Requests that were not answered ok, and why; the simplest first. They are errors, and not slow."""
        return self.quarry.broken

    @property
    def examples(self) -> int:
        """How many different requests were tried."""
        return self.quarry.examples

    @property
    def seed(self) -> int:
        """`--asyncbench-seed` with which the same examples are drawn."""
        return self.run.evidence.seed

    @property
    def latency(self) -> Measure:
        """Seconds from sending the request, alone, to the end of its answer: the median, and its interval."""
        return self._measure(LATENCY, lambda sight: sight.slowest.latency)

    @property
    def typical(self) -> Measure:
        """The same of the typical request."""
        return self._measure(LATENCY, lambda sight: sight.typical.latency)

    @property
    def times_slower(self) -> Measure:
        """How many times as long the slowest request takes, from the ratio within each round."""
        return self._measure(TIMES_SLOWER, _times)

    @property
    def stands_out(self) -> bool:
        """Whether the slowest request is clearly slower than the typical one; otherwise all are about as fast."""
        return bool(self.sights) and self.times_slower.low > STANDS_OUT

    def counted(self, name: str) -> tuple[float | None, float | None]:
        """A count per request, of the slowest and of the typical one; None where it is not known."""
        of = METRICS[name].count
        return _count(of, self.counts.get("slowest")), _count(of, self.counts.get("typical"))

    def __getattr__(self, name: str) -> Measure:
        if name.startswith("_") or name not in METRICS:
            raise AttributeError(
                f"no {name!r}; there is latency, typical, times_slower, and {', '.join(METRICS)}"
            )
        found: Measure = getattr(self.run, name)
        return found

    def __repr__(self) -> str:
        took = str(self.latency) if self.sights else "not measured"
        return f"<Slowest {self.quarry.slowest!r}: {took}>"

    def _hunted(self) -> Quarry:
        """What was found. Raises NotInSmoke, which ends the body of a smoke run."""
        if self.run.origin.smoke:
            raise NotInSmoke("a smoke run sends one request, and hunts nothing")
        return self.quarry

    def _measure(self, of: Metric, read: Callable[[Sight], float]) -> Measure:
        data = tuple(map(read, self.sights))
        origin, server = self.run.origin, self.run.variants[0]
        self._hunted()
        if not data:
            raise UnknownValue("; ".join((f"{of.name}: nothing was timed", *self.run.evidence.complaints)))
        found = interval(data, origin.effort) if len(data) > 1 else Interval(median(data), 0.0, float("inf"))
        return Measure(of, server, found.centre, found.low, found.high, data, origin)


def _times(sight: Sight) -> float:
    slow, typical = sight.slowest.latency, sight.typical.latency
    return slow / typical if 0 < typical < float("inf") else float("inf")


def _count(of: Callable[[Counts], float] | None, counts: Counts | None) -> float | None:
    try:
        return of(counts) if of and counts else None
    except UnknownValue:
        return None


@lru_cache
def _metric(name: str, unit: str, source: str) -> Metric:
    show = show_seconds if unit else show_count
    return Metric(name, unit, False, "sampled", source, _not_read, seconds, show)


def _not_read(*_: object) -> NoReturn:
    raise UnknownValue("it is found by load.slowest only")


LATENCY = _metric("latency", "s", "median latency of one request that is sent alone")
TIMES_SLOWER = _metric("times slower", "", "latency of the slowest request over that of a typical one")
