"""What a load call returns: every metric of every variant, ready to be read, compared and asserted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING

from pytest_asyncbench.errors import NotInSmoke, UnknownValue
from pytest_asyncbench.measure.counted import counted
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.interval import interval
from pytest_asyncbench.measure.steps import Steps
from pytest_asyncbench.measure.value import Measure, Origin
from pytest_asyncbench.metrics import METRICS, Metric, metric
from pytest_asyncbench.traffic.outcomes import OUTCOMES
from pytest_asyncbench.verdict.effort import Effort

if TYPE_CHECKING:
    from pytest_asyncbench.diagnosis.limiter import Limiter

_numbers = count(1)

NOTHING_TIMED = (
    "nothing was timed: all that the test states is counted on a burst; give the call rounds= or duration="
)


class VariantRun:
    """The values of one variant: every metric by its name (`.rps`, `.p95`, ...), `.outcomes`, `.ok`."""

    def __init__(self, evidence: Evidence, variant: str, origin: Origin, ok: int) -> None:
        self.variant = variant
        self.spec = evidence.specs[variant]
        self.ok = ok
        self._evidence = evidence
        self._origin = origin

    @property
    def outcomes(self) -> Mapping[str, int]:
        """How many of the measured requests ended how; names that never occurred are 0."""
        found: Counter[str] = Counter()
        for slot in self._evidence.everything(self.variant):
            found.update(Counter(OUTCOMES[index] for index in slot.samples.outcome))
        return found

    @cached_property
    def limiter(self) -> Limiter:
        """What limits the throughput: `.name` and `.evidence`. Raises UnknownValue if nothing was watched."""
        from pytest_asyncbench.diagnosis.counters import counters_of
        from pytest_asyncbench.diagnosis.limiter import limiter

        with self._more_than_smoke():
            counters = counters_of(self._evidence, self.variant)
            if counters is None:
                raise UnknownValue(
                    f"limiter of {self.variant}: there is no slot in which something was answered"
                )
            return limiter(counters)

    @cached_property
    def steps(self) -> Steps:
        """The requests of a mix, list or flow by their names: `.steps["login"].p95`."""
        return Steps(self, self._evidence)

    def over(self, evidence: Evidence) -> VariantRun:
        """The same, over another part of what was measured."""
        return VariantRun(evidence, self.variant, self._origin, self.ok)

    def measure(self, name: str) -> Measure:
        """The value of a metric. Raises SpecError for an unknown metric, UnknownValue with the reason for a value
        that is unknown or refused."""
        with self._more_than_smoke():
            return self._measure(metric(name))

    @contextmanager
    def _more_than_smoke(self) -> Iterator[None]:
        """In a smoke run what is unknown is so for want of requests, and says nothing against the test."""
        try:
            yield
        except UnknownValue as error:
            if self._origin.smoke:
                raise NotInSmoke(f"a smoke run sends one request: {error}") from None
            raise

    def _measure(self, entry: Metric) -> Measure:
        name = entry.name
        if entry.kind == "counted" and self._evidence.everything(self.variant):
            exact = counted(self._evidence, self.variant, entry)
            return Measure(entry, self.variant, exact, exact, exact, (exact,), self._origin)
        slots = self._evidence.slots(self.variant)
        if not slots:
            nothing = NOTHING_TIMED if self._evidence.bursts else "nothing was measured"
            why = "; ".join((nothing, *self._evidence.complaints))
            raise UnknownValue(f"{name} of {self.variant}: {why}")
        if entry.kind == "shown":
            pooled = entry.read(slots)
            return Measure(entry, self.variant, pooled, pooled, pooled, (pooled,), self._origin)
        data = self._evidence.data(self.variant) or (slots,)  # too few rounds for one whole datum
        try:
            values = tuple(entry.read(datum) for datum in data)
        except UnknownValue:  # too few answers in single slots; all of them together may have enough
            values = (entry.read(slots),)
        found = interval(values, self._origin.effort)
        return Measure(entry, self.variant, found.centre, found.low, found.high, values, self._origin)

    def __getattr__(self, name: str) -> Measure:
        if name not in METRICS:
            raise AttributeError(f"a run has no metric {name!r}; it has {', '.join(METRICS)}")
        return self.measure(name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *METRICS]


class Run:
    """The result of one load call.

    With one server its values are here (`run.rps`); with several, `run["pooled"].rps`. `run.ratio("a", "b")` is the
    ratio of two variants with its interval. A value that is unknown or refused raises UnknownValue when it is used.
    """

    def __init__(
        self,
        evidence: Evidence,
        *,
        effort: Effort,
        ok: Mapping[str, int],
        smoke: bool = False,
        caution: str = "",
    ) -> None:
        self.evidence = evidence
        self.origin = Origin(next(_numbers), effort, smoke, caution or evidence.caution or evidence.unrest)
        self._variants = {
            name: VariantRun(evidence, name, self.origin, ok[name]) for name in evidence.variants
        }

    @property
    def name(self) -> str:
        """The name of the run: `name=`, or what it requested."""
        return self.evidence.plan.label

    @property
    def variants(self) -> tuple[str, ...]:
        """Names of the variants."""
        return tuple(self._variants)

    def __getitem__(self, variant: str) -> VariantRun:
        if variant not in self._variants:
            raise KeyError(f"no variant {variant!r}; there are {', '.join(self._variants)}")
        return self._variants[variant]

    def __iter__(self) -> Iterator[str]:
        return iter(self._variants)

    def ratio(self, a: str, b: str, metric: str = "rps") -> Measure:
        """A over B, from the ratio within each round. Raises UnknownValue, SpecError, KeyError."""
        return self[a].measure(metric) / self[b].measure(metric)

    @property
    def ok(self) -> int:
        """Every ok answer since the database was cloned, all phases and bursts included."""
        return self._only("ok").ok

    @property
    def outcomes(self) -> Mapping[str, int]:
        """How many of the measured requests ended how."""
        return self._only("outcomes").outcomes

    @property
    def limiter(self) -> Limiter:
        """What limits the throughput: `.name` and `.evidence`; prints as one line."""
        return self._only("limiter").limiter

    @property
    def steps(self) -> Steps:
        """The requests of a mix, list or flow by their names: `run.steps["login"].p95`."""
        return self._only("steps").steps

    def __getattr__(self, name: str) -> Measure:
        if name.startswith("_") or name not in METRICS:
            raise AttributeError(f"a run has no metric {name!r}; it has {', '.join(METRICS)}")
        return self._only(name).measure(name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *METRICS]

    def __repr__(self) -> str:
        return f"<Run {self.name!r} of {', '.join(self._variants)}: {len(self.evidence.rounds)} rounds>"

    def _only(self, name: str) -> VariantRun:
        first, *others = self.evidence.own
        if others:
            raise UnknownValue(f"run.{name}: there are several variants; write run[{first!r}].{name}")
        return self._variants[first]
