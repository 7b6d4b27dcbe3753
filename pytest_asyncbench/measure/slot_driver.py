"""One slot of one variant: planned by what is known of its pace, run, watched, and learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean, median, pstdev

from pytest_asyncbench.measure import usage
from pytest_asyncbench.measure.binned import thinned
from pytest_asyncbench.measure.percentiles import rps
from pytest_asyncbench.measure.slot import Slot
from pytest_asyncbench.measure.subject import LoadAgent, Subject
from pytest_asyncbench.measure.supply import Supply
from pytest_asyncbench.measure.watching import unwatched
from pytest_asyncbench.measure.windows import LONGEST, Pace, Windows
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.outcomes import OK, OUTCOMES
from pytest_asyncbench.traffic.plan import ClosedSlot, OpenSlot
from pytest_asyncbench.traffic.samples import SlotResult
from pytest_asyncbench.traffic.think_time import mean_of


@dataclass(slots=True)
class SlotDriver:
    """Puts one subject after another under load, for one slot each, and remembers the `paces` of the variants.

    All variants of a round draw the same arrivals and think times, from `seed` and the slot's name.
    """

    agent: LoadAgent
    plan: LoadPlan
    seed: int
    supply: Supply
    paces: dict[str, Pace] = field(default_factory=dict)

    def run(self, subject: Subject, window: float, name: str) -> SlotResult:
        """Load for `window` seconds; what the agent saw of it."""
        result = self._fire(subject, window, name, 0)
        self._learn(subject, result)
        return result

    def measure(self, subject: Subject, number: int, windows: Windows) -> Slot:
        """A slot of round `number`, with what the server's processes used meanwhile."""
        before = usage.cpu_times(subject.pids())
        with subject.watcher.watch() if subject.watcher else unwatched() as watching:
            result = self._fire(subject, windows.seconds[subject.variant], str(number), windows.least)
        pids = subject.pids()
        cpu = usage.cpu_between(before, usage.cpu_times(pids))
        self._learn(subject, result)
        return Slot(subject.variant, number, result, cpu, usage.memory(pids), watching.counters)

    def cycle(self, subject: Subject) -> float:
        """What is known of a user's mean cycle, in seconds: at first no more than its mean think time. In an open
        loop: of the mean latency."""
        known = self.paces.get(subject.variant, Pace(0.0)).cycle
        return min(LONGEST, known or mean_of(self.plan.think_time))

    def _fire(self, subject: Subject, window: float, name: str, least: int) -> SlotResult:
        slot = self._slot(subject, window, name, least)
        return self.supply.run(self.agent.run, subject.variant, subject.host, slot)

    def _slot(self, subject: Subject, window: float, name: str, least: int) -> ClosedSlot | OpenSlot:
        plan, seed = self.plan, f"{self.seed}/{name}"
        if plan.rate is not None:
            return OpenSlot(
                target=subject.target,
                requests=subject.requests,
                rate=plan.rate,
                window=window,
                arrivals=plan.arrivals,
                max_in_flight=plan.max_in_flight,
                latency=self.cycle(subject),
                least=least,
                timeout=plan.timeout,
                keepalive=subject.keeps(plan),
                seed=seed,
                expecting=plan.expecting,
            )
        return ClosedSlot(
            target=subject.target,
            requests=subject.requests,
            users=plan.users,
            window=window,
            cycle=self.cycle(subject),
            least=least,
            think_time=plan.think_time,
            timeout=plan.timeout,
            keepalive=subject.keeps(plan),
            seed=seed,
            expecting=plan.expecting,
        )

    def _learn(self, subject: Subject, result: SlotResult) -> None:
        """Remember the mean cycle, which the next slot of this variant spreads its users over; or the mean latency."""
        times: Sequence[float] = _ok_latencies(result) if result.rate else list(thinned(result.cycle, result))
        if times:
            mean = fmean(times)
            self.paces[subject.variant] = Pace(mean, pstdev(times) / mean if mean else 1.0)


def speed(result: SlotResult) -> float:
    """What must be steady when a server is warm, in 1/s: its rate; in an open loop, which gives the rate, 1/p50."""
    if not result.rate:
        return rps([result]) if result.outcome else 0.0
    times = _ok_latencies(result)
    return 1 / median(times) if times else 0.0


def _ok_latencies(result: SlotResult) -> list[float]:
    """Latencies of the requests that became ok, in seconds."""
    ok = OUTCOMES.index(OK)
    times, outcomes = thinned(result.latency, result), thinned(result.outcome, result)
    return [time for time, outcome in zip(times, outcomes, strict=True) if outcome == ok]
