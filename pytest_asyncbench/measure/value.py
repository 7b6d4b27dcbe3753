"""A measured value with its interval, and comparisons that ask for evidence."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NoReturn

from pytest_asyncbench.errors import Inconclusive
from pytest_asyncbench.measure.interval import Interval, interval
from pytest_asyncbench.metrics import Metric
from pytest_asyncbench.verdict.effort import Effort


@dataclass(frozen=True, slots=True)
class Origin:
    """Where values come from: two of them can be compared only if they were measured in the same rounds.

    `effort` gives the interval of comparisons; `smoke` values are there to be printed, not compared.
    `caution` says why what was sampled cannot be believed.
    """

    run: int
    effort: Effort
    smoke: bool = False
    caution: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """One metric of one variant: `.value`, and the interval `.low` to `.high` that holds it, in `.unit`.

    The interval is the signed-rank interval over the rounds; below eight rounds there is none (0 to inf). Counted
    metrics are exact: low, value and high are one. `float(m)` is the value.

    `>` and `<` ask for evidence: the comparison is true or false where the interval says so, and raises Inconclusive
    where it does not. `==` exists for counted metrics only. Raises TypeError for comparisons that have no meaning:
    other metrics, other load calls.
    """

    metric: Metric
    variant: str
    value: float
    low: float
    high: float
    data: tuple[float, ...]
    origin: Origin
    factor: float = 1.0

    @property
    def unit(self) -> str:
        """Unit of the three numbers: "s", "1/s", "B", "" for shares."""
        return self.metric.unit

    def __float__(self) -> float:
        return self.value

    def __mul__(self, by: float) -> Measure:
        if isinstance(by, bool) or not isinstance(by, int | float) or not by > 0:
            return NotImplemented
        scaled = replace(
            self, value=self.value * by, low=self.low * by, high=self.high * by, factor=self.factor * by
        )
        return replace(scaled, data=tuple(item * by for item in self.data))

    __rmul__ = __mul__

    def __truediv__(self, by: float) -> Measure:
        return self * (1 / by) if isinstance(by, int | float) and by else NotImplemented

    def __gt__(self, other: Measure | float) -> bool:
        return self._compare(other, operator.gt)

    def __lt__(self, other: Measure | float) -> bool:
        return self._compare(other, operator.lt)

    def __ge__(self, other: Measure | float) -> bool:
        return self._compare(other, operator.ge)

    def __le__(self, other: Measure | float) -> bool:
        return self._compare(other, operator.le)

    def __eq__(self, other: object) -> bool:
        if self.metric.kind != "counted":
            raise TypeError(
                f"{self.metric.name} is sampled: two samples are never equal; use <, > or float({self.metric.name})"
            )
        return self.value == (other.value if isinstance(other, Measure) else other)

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> NoReturn:
        raise TypeError(
            f"{self.metric.name} is a measured value, not true or false; compare it, or use float()"
        )

    def __str__(self) -> str:
        show = self.metric.show
        exact = self.low == self.high or (self.low, self.high) == (0, math.inf)
        return show(self.value) if exact else f"{show(self.value)} [{show(self.low)}, {show(self.high)}]"

    def __repr__(self) -> str:
        scale = "" if self.factor == 1 else f"{self.factor:g} x "
        return f"<{scale}{self.variant}.{self.metric.name} = {self}, {len(self.data)} rounds>"

    def _compare(self, other: Measure | float, by: Callable[[float, float], bool]) -> bool:
        if not isinstance(other, Measure):
            if isinstance(other, bool) or not isinstance(other, int | float):
                raise TypeError(
                    f"{self.metric.name} cannot be compared with {other!r}; write a number in {self.unit or 'shares'}"
                )
        elif other.metric is not self.metric:
            raise TypeError(f"{self.metric.name} and {other.metric.name} are different metrics")
        elif other.origin is not self.origin:
            raise TypeError(
                "these values come from two load calls, which were not interleaved: "
                "the machine may have changed in between; "
                "use variants, so that both are measured in the same rounds"
            )
        if self.origin.smoke:
            raise Inconclusive("a smoke run sends one request and decides nothing")
        if self.metric.kind == "counted":
            return by(self.value, other.value if isinstance(other, Measure) else other)
        if self.origin.caution:
            raise Inconclusive(self.origin.caution)
        return self._decide(other, by)

    def _decide(self, other: Measure | float, by: Callable[[float, float], bool]) -> bool:
        if isinstance(other, Measure):
            gap, what = self.ratio_to(other), f"{self!r} against {other!r}"
        else:
            divisor = other if other > 0 else math.nan
            gap, what = (
                Interval(self.value / divisor, self.low / divisor, self.high / divisor),
                f"{self!r} against {other:g}",
            )
            if other <= 0:
                return by(self.value, other)
        if gap.low > 1 or gap.high < 1:
            return by(gap.centre, 1.0)
        raise Inconclusive(
            f"{what}: undecided, ratio {gap.centre:.3g} [{gap.low:.3g}, {gap.high:.3g}]; "
            "use a marker, which samples until it is decided, or rounds=30"
        )

    def ratio_to(self, other: Measure) -> Interval:
        """The ratio to another value of the same load call, from the rounds' own ratios."""
        ratios = [a / b if b else math.inf for a, b in zip(self.data, other.data, strict=False)]
        return interval(ratios, self.origin.effort)
