"""A measured value with its interval, and comparisons that ask for evidence."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import NoReturn

from pytest_asyncbench.measure.comparison import Comparison, remember
from pytest_asyncbench.measure.interval import Interval, interval, needed_rounds
from pytest_asyncbench.metrics import Metric
from pytest_asyncbench.units import show_count
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.signed_rank import FIRST_LOOK

SIGNS: Mapping[Callable[[float, float], bool], str] = MappingProxyType(
    {operator.gt: ">", operator.lt: "<", operator.ge: ">=", operator.le: "<="}
)
RATIO = " ratio"
MARKER = "use a marker, or rounds=30 (a marker's statement is sampled until it is decided)"


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

    `>` and `<` ask for evidence: used as a condition, the comparison is true or false where the interval says so, and
    raises Inconclusive where it does not. `==` exists for counted metrics only. A value times or over a number is a
    value, one over another is their ratio. Raises TypeError for what has no meaning: comparisons of other metrics or
    other load calls, sums.
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

    def __truediv__(self, by: float | Measure) -> Measure:
        if isinstance(by, Measure):
            return self._over(by)
        known = isinstance(by, int | float) and not isinstance(by, bool)
        return self * (1 / by) if known and by else NotImplemented

    def __add__(self, other: object) -> NoReturn:
        raise TypeError(
            f"{self!r} and {other!r} cannot be added or subtracted: rates and percentiles of slots of their own "
            "have no sum, and an interval would be lost; multiply or divide by a number, compare, or use float(...)"
        )

    __radd__ = __sub__ = __rsub__ = __add__

    def __gt__(self, other: Measure | float) -> Comparison | bool:
        return self._compare(other, operator.gt)

    def __lt__(self, other: Measure | float) -> Comparison | bool:
        return self._compare(other, operator.lt)

    def __ge__(self, other: Measure | float) -> Comparison | bool:
        return self._compare(other, operator.ge)

    def __le__(self, other: Measure | float) -> Comparison | bool:
        return self._compare(other, operator.le)

    def __eq__(self, other: object) -> bool:
        if self.metric.kind != "counted":
            raise TypeError(
                f"{self.metric.name} is sampled: two samples are never equal; use <, > or float({self.metric.name})"
            )
        return self._counted(other, operator.eq, "==")

    def __ne__(self, other: object) -> bool:
        return not self == other

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
        rounds = f"{len(self.data)} round{'s' * (len(self.data) != 1)}"
        return f"<{self._name} = {self}, {rounds}>"

    @property
    def _name(self) -> str:
        return f"{'' if self.factor == 1 else f'{self.factor:g} x '}{self.variant}.{self.metric.name}"

    def _over(self, other: Measure) -> Measure:
        """The ratio to another value. Raises TypeError where there is none."""
        self._require_alike(other, "divided by")
        gap = self.ratio_to(other)
        data = tuple(a / b if b else math.inf for a, b in zip(self.data, other.data, strict=False))
        name = f"{self.variant}/{other.variant}"
        return Measure(ratio_of(self.metric), name, gap.centre, gap.low, gap.high, data, self.origin)

    def _require_alike(self, other: Measure, what: str) -> None:
        if other.metric is not self.metric:
            raise TypeError(
                f"{self.metric.name} and {other.metric.name} are different metrics, and cannot be {what} one another"
            )
        if other.origin is not self.origin:
            raise TypeError(
                "these values come from two load calls, which were not interleaved: "
                "the machine may have changed in between; "
                "use variants, so that both are measured in the same rounds"
            )

    def _compare(self, other: Measure | float, by: Callable[[float, float], bool]) -> Comparison | bool:
        if isinstance(other, Measure):
            self._require_alike(other, "compared with")
        elif isinstance(other, bool) or not isinstance(other, int | float):
            raise TypeError(
                f"{self.metric.name} cannot be compared with {other!r}; write a number in {self.unit or 'shares'}"
            )
        if self.origin.smoke:
            return self._undecided(other, by, "a smoke run sends one request and decides nothing")
        if self.metric.kind == "counted":
            return self._counted(other, by, SIGNS[by])
        if self.origin.caution:
            return self._undecided(other, by, self.origin.caution)
        return self._sampled(other, by)

    def _counted(self, other: object, by: Callable[[float, float], bool], sign: str) -> bool:
        """Exact numbers are compared as they are; what is compared is kept for an assert that fails on it."""
        caller = sys._getframe(1)
        while caller.f_globals.get("__name__") == __name__ and caller.f_back is not None:
            caller = caller.f_back
        remember(f"{self!r} {sign} {_shown(other, self.metric)}: not so", caller.f_code, caller.f_lineno)
        return bool(by(self.value, other.value if isinstance(other, Measure) else other))  # type: ignore[arg-type]

    def _sampled(self, other: Measure | float, by: Callable[[float, float], bool]) -> Comparison:
        if not isinstance(other, Measure) and other <= 0:
            gap = Interval(math.inf, math.inf, math.inf)
            return self._comparison(other, by, gap, by(self.value, other))
        gap = self.ratio_to(other) if isinstance(other, Measure) else self._over_number(other)
        if gap.low > 1 or gap.high < 1:
            return self._comparison(other, by, gap, by(gap.centre, 1.0))
        found = self._comparison(other, by, gap, None)
        text = f"{found.left} {found.sign} {found.right}: undecided, ratio {found.evidence()}"
        return replace(found, undecided=f"{text}; {self._remedy(other)}")

    def _remedy(self, other: Measure | float) -> str:
        """What would decide; how many rounds is an estimate from the ratios that were seen."""
        ratios = self._ratios(other)
        if len(ratios) < FIRST_LOOK:
            few = (
                f"below {FIRST_LOOK} rounds there are values but no interval, and nothing sampled is decided"
            )
            return f"{few}: measure longer; {MARKER}"
        needed = needed_rounds(ratios, self.origin.effort)
        basis = "were the ratio what it seems, "
        guess = (
            f"{basis}about {needed} rounds would decide; "
            if needed
            else "it is too close for any number of rounds; "
        )
        return guess + MARKER

    def _comparison(
        self, other: Measure | float, by: Callable[[float, float], bool], gap: Interval, answer: bool | None
    ) -> Comparison:
        rounds = len(self._ratios(other))
        return Comparison(repr(self), SIGNS[by], _shown(other, self.metric), gap, rounds, answer)

    def _undecided(self, other: Measure | float, by: Callable[[float, float], bool], why: str) -> Comparison:
        gap = Interval(math.nan, 0.0, math.inf)
        return Comparison(repr(self), SIGNS[by], _shown(other, self.metric), gap, len(self.data), None, why)

    def _over_number(self, number: float) -> Interval:
        return Interval(self.value / number, self.low / number, self.high / number)

    def _ratios(self, other: Measure | float) -> list[float]:
        if isinstance(other, Measure):
            return [a / b if b else math.inf for a, b in zip(self.data, other.data, strict=False)]
        return [item / other if other > 0 else math.inf for item in self.data]

    def ratio_to(self, other: Measure) -> Interval:
        """The ratio to another value of the same load call, from the rounds' own ratios."""
        return interval(self._ratios(other), self.origin.effort)


def _shown(value: object, judged: Metric) -> str:
    """A number as values of its metric are shown."""
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return judged.show(value) if known else repr(value)  # type: ignore[arg-type]


@lru_cache
def ratio_of(judged: Metric) -> Metric:
    """The metric of ratios of this one; that of ratios is its own."""
    if judged.name.endswith(RATIO):
        return judged
    return replace(judged, name=f"{judged.name}{RATIO}", unit="", show=show_count)
