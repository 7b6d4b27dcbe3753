"""What `load.ramp` returns: a Run for each plateau, the knee, the limit of the latency budgets, the cliff."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NoReturn, TypeVar

from pytest_asyncbench.errors import Inconclusive, UnknownValue
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.interval import Interval, interval
from pytest_asyncbench.measure.percentiles import served
from pytest_asyncbench.measure.ramp import Knee, Plateau, cliff, knee, over_repeats, slo_limit
from pytest_asyncbench.measure.run import Run
from pytest_asyncbench.measure.value import Measure
from pytest_asyncbench.metrics import Metric, metric
from pytest_asyncbench.traffic.ramp_plan import By, RampPlan
from pytest_asyncbench.traffic.think_time import mean_of
from pytest_asyncbench.verdict.statements import Budget

Found = TypeVar("Found")

UNITS: Mapping[By, str] = {"users": "users", "rate": "1/s"}


@dataclass(frozen=True, slots=True, eq=False)
class RampValue(Measure):
    """A load that a ramp has found: `.value`, with `.low` and `.high`, in users (or starts per second).

    Comparisons are true or false where the whole interval says so, and raise Inconclusive where it does not; without
    an interval `float(...)` and `.value` can be compared. `kneedle` is the cross-check of a knee (None: no knee).
    """

    kneedle: float | None = None

    def __str__(self) -> str:
        known = self.low > 0 or self.high < math.inf
        interval = f" [{_show(self.low)}, {_show(self.high)}]" * (known and self.low < self.high)
        return f"{_show(self.value)}{interval} {self.unit}"

    def _compare(self, other: Measure | float, by: Callable[[float, float], bool]) -> bool:
        if isinstance(other, Measure) and other.origin is not self.origin:
            raise TypeError("these values come from two load calls, which were not interleaved")
        if isinstance(other, bool) or not isinstance(other, RampValue | int | float):
            raise TypeError(
                f"{self.metric.name} cannot be compared with {other!r}; write a number of {self.unit}"
            )
        bounds = (other.low, other.high) if isinstance(other, RampValue) else (other, other)
        answers = {by(mine, its) for mine in (self.low, self.high) for its in bounds}
        if len(answers) > 1:
            raise Inconclusive(
                f"{self!r} against {other!r}: undecided; repeats=6 gives it an interval, or compare .value"
            )
        return answers.pop()


@dataclass(frozen=True, slots=True)
class Ascent:
    """One way up: the evidence of each plateau; `at_cliff`: the last one was ended by errors, seen twice."""

    loads: tuple[float, ...]
    plateaus: tuple[Evidence, ...]
    at_cliff: bool = False

    @property
    def healthy(self) -> int:
        """How many plateaus lie below the cliff."""
        return len(self.loads) - self.at_cliff


class Ramp:
    """The result of `load.ramp`: plateaus of ascending load on one server.

    `steps` holds a Run for each plateau, the rounds of all repeats together; `loads` the users (or rates) of each.
    `knee`, `slo_limit` and `cliff` raise UnknownValue, with the reason, where the ramp does not say.
    """

    def __init__(
        self,
        plan: RampPlan,
        ascents: Sequence[Ascent],
        make_run: Callable[[Evidence], Run],
        *,
        budgets: Sequence[Budget] = (),
        complaints: Sequence[str] = (),
        notes: Sequence[str] = (),
        smoke: bool = False,
    ) -> None:
        self.plan = plan
        self.ascents = tuple(ascents)
        self.budgets = tuple(budgets)
        self.complaints = tuple(complaints)
        self.notes = tuple(notes)
        self._smoke = smoke
        self._make_run = make_run
        reached = [load for load in plan.loads if any(load in ascent.loads for ascent in ascents)]
        self.loads = tuple(reached)
        self.steps = tuple(make_run(self._pooled(load)) for load in reached)

    @property
    def name(self) -> str:
        """The name of the ramp: `name=`, or what it requested."""
        return self.plan.first.label

    @property
    def unit(self) -> str:
        """Of the loads: "users", or "1/s"."""
        return UNITS[self.plan.by]

    @property
    def named_steps(self) -> Mapping[str, Run]:
        """Each plateau's Run under its name in reports."""
        return {
            f"{self.name} at {self.plan.told(load)}": run
            for load, run in zip(self.loads, self.steps, strict=True)
        }

    @property
    def knee(self) -> RampValue:
        """Where throughput stops growing: N* = X_max (R_min + Z), with Kneedle's answer as `.kneedle`."""
        found = self.each_ascent(self._knee)
        between = over_repeats([Interval(each.at, each.low, each.high) for each in found])
        shapes = sorted(each.kneedle for each in found if each.kneedle is not None)
        return self._value("knee", between, shapes[(len(shapes) - 1) // 2] if shapes else None)

    @property
    def slo_limit(self) -> RampValue:
        """The largest measured load up to which all latency budgets of the test are kept; `.high` is the first at
        which one is broken."""
        self._not_in_smoke("slo_limit")
        if not self.budgets:
            raise UnknownValue(
                "slo_limit: the test has no latency budget; add @pytest.mark.budget(p95='250ms')"
            )
        limits = [self.limit_of(budget) for budget in self.budgets]
        return min(limits, key=lambda limit: limit.value)

    @property
    def cliff(self) -> RampValue:
        """The first load at which more requests fail than the test allows; `.low` is the last at which they do not."""

        def found(ascent: Ascent) -> Interval:
            return cliff(ascent.loads, ascent.at_cliff, self.plan.by)

        each = self.each_ascent(found)
        middle = over_repeats(each)
        return self._value("cliff", replace(middle, low=min(interval.low for interval in each)))

    def limit_of(self, budget: Budget) -> RampValue:
        """The largest load up to which one latency budget is kept. Raises UnknownValue."""

        def found(ascent: Ascent) -> Interval:
            try:
                return slo_limit(ascent.loads, self._kept(ascent, budget))
            except UnknownValue as error:
                raise UnknownValue(
                    f"{budget.metric} <= {metric(budget.metric).show(budget.limit)}: {error}"
                ) from None

        each = self.each_ascent(found)
        middle = over_repeats(each)
        return self._value("slo_limit", replace(middle, high=max(interval.high for interval in each)))

    def known(self) -> dict[str, RampValue]:
        """Those of `knee`, `slo_limit` and `cliff` that the ramp has found."""
        values = {name: self.find(name) for name in ("knee", "slo_limit", "cliff")}
        return {name: value for name, value in values.items() if isinstance(value, RampValue)}

    def find(self, name: str) -> RampValue | str:
        """A value by its name, or in words why there is none."""
        try:
            value: RampValue = getattr(self, name)
        except (UnknownValue, Inconclusive) as error:
            return str(error)
        return value

    def each_ascent(self, found: Callable[[Ascent], Found]) -> list[Found]:
        """What most of the ascents say, one value each. Raises UnknownValue where most of them do not say."""
        self._not_in_smoke("a ramp")
        if self.complaints or not self.steps:
            raise UnknownValue("; ".join(self.complaints) or "max_time was over before the first plateau")
        values: list[Found] = []
        reasons: list[UnknownValue] = []
        for ascent in self.ascents:
            try:
                values.append(found(ascent))
            except UnknownValue as error:
                reasons.append(error)
        if len(reasons) >= max(1, len(values)):
            raise reasons[0]
        return values

    def __repr__(self) -> str:
        loads = ", ".join(f"{load:g}" for load in self.loads)
        return f"<Ramp {self.name!r}: {len(self.loads)} plateaus of {loads} {self.unit}>"

    def plateau(self, load: float, evidence: Evidence) -> Plateau:
        """The figures of one plateau that the mathematics of a ramp are about."""
        run = self._make_run(evidence)
        mean, errors = (_or_none(run, name) for name in ("mean", "errors"))
        throughput = self._throughput(run)
        if throughput is None or mean is None or errors is None:
            return Plateau(load, 0.0, math.inf, 1.0 if errors is None else errors.value)
        rps, around = throughput.centre, (throughput.low, throughput.high)
        return Plateau(load, rps, mean.value, errors.value, around, (mean.low, mean.high))

    def _throughput(self, run: Run) -> Interval | None:
        """What the server has done per second: of an open loop it is not what was asked of it."""
        if self.plan.by == "users":
            rps = _or_none(run, "rps")
            return None if rps is None else Interval(rps.value, rps.low, rps.high)
        try:
            each = [served([slot.samples]) for slot in run.evidence.slots(run.variants[0])]
        except UnknownValue:
            return None
        return interval(each, run.origin.effort)

    def _knee(self, ascent: Ascent) -> Knee:
        pairs = list(zip(ascent.loads, ascent.plateaus, strict=True))[: ascent.healthy]
        plateaus = [self.plateau(load, evidence) for load, evidence in pairs]
        return knee(plateaus, mean_of(self.plan.first.think_time), self.plan.by)

    def _kept(self, ascent: Ascent, budget: Budget) -> list[bool | None]:
        """Whether a budget is kept, plateau by plateau; never beyond the cliff, None where it cannot be known."""
        values = [_or_none(self._make_run(evidence), budget.metric) for evidence in ascent.plateaus]
        kept = [None if value is None else _holds(budget, value.value) for value in values]
        return [*kept[: ascent.healthy], *[False] * ascent.at_cliff]

    def _pooled(self, load: float) -> Evidence:
        """The rounds of one plateau from all ascents together."""
        return pooled(
            [
                evidence
                for ascent in self.ascents
                for at, evidence in zip(ascent.loads, ascent.plateaus, strict=True)
                if at == load
            ]
        )

    def _value(self, name: str, found: Interval, shape: float | None = None) -> RampValue:
        origin = self.steps[0].origin
        server = self.steps[0].variants[0]
        return RampValue(
            _described(name, self.unit),
            server,
            found.centre,
            found.low,
            found.high,
            (found.centre,),
            origin,
            kneedle=shape,
        )

    def _not_in_smoke(self, what: str) -> None:
        if self._smoke:
            raise Inconclusive(f"{what}: a smoke run sends one request and finds nothing")


def pooled(parts: Sequence[Evidence]) -> Evidence:
    """Evidence of the same plan, measured in several parts, as one."""
    before = {
        variant: sum((part.ok_before or {}).get(variant, 0) for part in parts)
        for variant in parts[0].variants
    }
    return replace(
        parts[0],
        rounds=tuple(row for part in parts for row in part.rounds),
        complaints=tuple(dict.fromkeys(text for part in parts for text in part.complaints)),
        notes=tuple(dict.fromkeys(text for part in parts for text in part.notes)),
        ok_before=before,
        seconds=sum(part.seconds for part in parts),
    )


def _or_none(run: Run, name: str) -> Measure | None:
    try:
        return run[run.variants[0]].measure(name)
    except UnknownValue:
        return None


def _holds(budget: Budget, value: float) -> bool:
    return value >= budget.limit if budget.at_least else value <= budget.limit


@lru_cache
def _described(name: str, unit: str) -> Metric:
    sources = {
        "knee": "highest throughput x (shortest mean latency + think time)",
        "slo_limit": "the largest load up to which the latency budgets are kept",
        "cliff": "the first load at which more requests fail than are allowed",
    }
    return Metric(name, unit, True, "sampled", sources[name], _not_read, _not_read, _show)


def _show(load: float) -> str:
    """Three digits, but all of those before the point."""
    return f"{load:.0f}" if load >= 100 else f"{load:.3g}"


def _not_read(*_: object) -> NoReturn:
    raise UnknownValue("it is found by load.ramp only")
