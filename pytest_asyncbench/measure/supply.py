"""What the slots of one load call send: the same requests again and again, or ones that are made ahead of each slot."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pytest_asyncbench.errors import AsyncBenchError
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.plan import LONGEST_WINDOW, SHORTEST_SETTLE, Burst, OpenSlot, Plan
from pytest_asyncbench.traffic.samples import SlotResult
from pytest_asyncbench.traffic.sending import Order
from pytest_asyncbench.traffic.source import Source

FIRST = 2000
"""Requests made ahead while nothing is known of a server's speed: they tell it."""
HEADROOM = 2.0
"""More requests are made than the fastest slot so far has used per second, since speeds swing."""
SPARE = 40
"""More requests for an open loop whose rate is low: random starts may come close together."""


class SupplyEnded(AsyncBenchError):
    """The iterator has no more requests, or time was up while they were made; the text says how many there were."""


@dataclass(slots=True)
class _Pace:
    """The fastest and longest of a variant's slots so far: requests per second, seconds after `measure`."""

    rate: float = 0.0
    after: float = 0.3
    load: float = 0.0


@dataclass(slots=True)
class Supply:
    """Fills the slots of one load call. `until` is the reading of `time.monotonic` after which nothing is made."""

    plan: LoadPlan
    seed: int
    until: float
    complaints: list[str] = field(default_factory=list)
    _sources: dict[str, Source] = field(default_factory=dict)
    _paces: dict[str, _Pace] = field(default_factory=lambda: defaultdict(_Pace))

    def run(
        self,
        run: Callable[[Plan], SlotResult],
        variant: str,
        host: str,
        slot: Plan,
    ) -> SlotResult:
        """Run one slot with its requests. Raises SupplyEnded, before or after, if the iterator has no more."""
        plan = self.plan.of(variant)
        if not plan.is_made_ahead:
            return run(self._ordered(slot, plan.weights))
        source = self._source(variant, plan)
        wanted = self._wanted(variant, slot)
        stock = source.stock(host, wanted, self.until, keepalive=slot.keepalive)
        if not stock:
            raise self.end()
        if len(stock) < wanted and not source.ended and time.monotonic() > self.until:
            raise SupplyEnded(f"max_time was over while requests were made ({source.number} so far)")
        if isinstance(slot, Burst):
            slot = replace(slot, count=min(slot.count, len(stock)))
        result = run(replace(slot, requests=stock))
        source.spend(result.used)
        if not isinstance(slot, Burst):  # its pace says nothing about a slot with other users
            self._learn(variant, result)
        return result

    def is_short(self, result: SlotResult) -> bool:
        """Whether a slot ended early because the iterator has ended."""
        return result.ran_out and any(source.ended for source in self._sources.values())

    def shortfall(self, variant: str, result: SlotResult) -> str:
        """Why a measured slot that ran out of requests says nothing, in words; empty if it did not."""
        if not result.ran_out:
            return ""
        return (
            f"{variant}: the {sum(result.used)} requests made ahead of a slot did not suffice, and it ended early; "
            "making them cannot keep up with the server"
        )

    def end(self) -> SupplyEnded:
        """What is raised where the iterator has no more."""
        number = sum(source.number for source in self._sources.values())
        return SupplyEnded(f"the iterator ended after {number} requests")

    def notes(self) -> list[str]:
        """What making the requests cost, where it was more than sending them."""
        loaded = sum(pace.load for pace in self._paces.values())
        spent = sum(source.seconds for source in self._sources.values())
        if spent <= max(1.0, loaded):
            return []
        took = f"making the requests took {spent:.1f} s, longer than the {loaded:.1f} s of load"
        return [f"{took} that they were made for; it is not measured"]

    def _source(self, variant: str, plan: LoadPlan) -> Source:
        """Where the requests of a variant come from: all variants share one, unless their requests are compared."""
        of_whom = variant if self.plan.compared else ""
        if of_whom not in self._sources:
            self._sources[of_whom] = Source(plan, self.seed)
        return self._sources[of_whom]

    def _ordered(self, slot: Plan, weights: tuple[int, ...]) -> Plan:
        if isinstance(slot, Burst) or not weights:
            return slot
        return replace(slot, order=Order(weights, self.seed))

    def _wanted(self, variant: str, slot: Plan) -> int:
        if isinstance(slot, Burst):
            return slot.count
        pace = self._paces[variant]
        if isinstance(slot, OpenSlot):
            window = max(slot.window, min(LONGEST_WINDOW, slot.least / slot.rate))
            return (
                round(HEADROOM * slot.rate * (max(SHORTEST_SETTLE, slot.latency) + window + pace.after))
                + SPARE
            )
        if not pace.rate:
            return max(FIRST, 2 * slot.users)
        window = max(slot.window, min(LONGEST_WINDOW, slot.least / pace.rate))
        seconds = max(SHORTEST_SETTLE, slot.cycle) + window + pace.after
        return round(HEADROOM * (pace.rate * seconds + slot.least)) + 2 * slot.users

    def _learn(self, variant: str, result: SlotResult) -> None:
        pace = self._paces[variant]
        seconds = result.ended - result.started
        pace.load += seconds
        pace.rate = max(pace.rate, sum(result.used) / max(seconds, 0.001))
        pace.after = max(pace.after, result.ended - result.closed)
