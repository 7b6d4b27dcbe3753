"""What a test asserts, as values: ratios and limits, already parsed from their markers.

Ratios are factors: `by=1.2` means 20 % better, `within=1.1` means between 1/1.1 and 1.1. `run` is the name of
the run that a statement holds for; None: for all of the test.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from math import isfinite

from pytest_asyncbench.errors import SpecError


@dataclass(frozen=True, slots=True)
class Ordering:
    """Each variant is more than `by` times as good as the next one."""

    best_first: tuple[str, ...]
    metric: str = "rps"
    by: float = 1.05
    run: str | None = None

    def __post_init__(self) -> None:
        _check_variants("ordering", self.best_first)
        _check_factor("by", self.by, self.by >= 1)

    def __str__(self) -> str:
        return f"{' > '.join(self.best_first)} in {self.metric} by more than {_percent(self.by)}"


@dataclass(frozen=True, slots=True)
class Tie:
    """The ratio of two variants lies between 1/`within` and `within`."""

    a: str
    b: str
    metric: str = "rps"
    within: float = 1.1
    run: str | None = None

    def __post_init__(self) -> None:
        _check_variants("tie", (self.a, self.b))
        _check_factor("within", self.within, self.within > 1)

    def __str__(self) -> str:
        return f"{self.a} = {self.b} in {self.metric} within {_percent(self.within)}"


@dataclass(frozen=True, slots=True)
class NoRegression:
    """`new` is not worse than `old` by the factor `within`."""

    new: str
    old: str
    metric: str = "rps"
    within: float = 1.1
    run: str | None = None

    def __post_init__(self) -> None:
        _check_variants("no_regression", (self.new, self.old))
        _check_factor("within", self.within, self.within >= 1)

    def __str__(self) -> str:
        return f"{self.new} is not worse than {self.old} in {self.metric} by {_percent(self.within)}"


@dataclass(frozen=True, slots=True)
class Budget:
    """A metric stays at or above (`at_least`), or at or below, `limit`, in the metric's own unit."""

    metric: str
    limit: float
    at_least: bool = False
    run: str | None = None

    def __post_init__(self) -> None:
        if not isfinite(self.limit) or self.limit < 0:
            raise SpecError(f"budget({self.metric}={self.limit!r}): give a limit of 0 or more")

    def __str__(self) -> str:
        return f"{self.metric} {'>=' if self.at_least else '<='} {self.limit:.4g}"


@dataclass(frozen=True, slots=True)
class SinceBaseline:
    """Each variant is not worse by the factor `within` than it was in the baseline, whichever that is."""

    metric: str = "rps"
    within: float = 1.1
    run: str | None = None

    def __post_init__(self) -> None:
        _check_factor("within", self.within, self.within >= 1)

    def __str__(self) -> str:
        return f"{self.metric} is not worse than the baseline by {_percent(self.within)}"


@dataclass(frozen=True, slots=True)
class SinceKept:
    """The same, where the baseline is the kept run `name`: the values there, by variant, one for each round."""

    metric: str
    within: float
    name: str
    kept: tuple[tuple[str, tuple[float, ...]], ...]
    run: str | None = None

    def values_of(self, variant: str) -> tuple[float, ...]:
        """What was measured of one variant then; empty if it was not there."""
        return dict(self.kept).get(variant, ())

    def __str__(self) -> str:
        return f"{self.metric} is not worse than in the kept run {self.name!r} by {_percent(self.within)}"


@dataclass(frozen=True, slots=True)
class Refused:
    """The comparison is refused before anything is timed, for these reasons and no others."""

    reasons: tuple[str, ...]
    metric: str = "queries_per_request"
    """As of all that is known before load starts, nothing needs to be timed for it."""
    run: str | None = None

    def __str__(self) -> str:
        return f"the comparison is refused for {', '.join(self.reasons)}"


Statement = Ordering | Tie | NoRegression | Budget | SinceBaseline | SinceKept | Refused


def names_of(statement: Statement) -> tuple[str, ...]:
    """The variants that a comparison is about; none of a guard that is about each by itself."""
    match statement:
        case Ordering(best_first=names):
            return names
        case Tie(a=a, b=b):
            return (a, b)
        case NoRegression(new=new, old=old):
            return (new, old)
        case Budget() | SinceBaseline() | SinceKept() | Refused():
            return ()


def ways_to_fail(statement: Statement) -> int:
    """In how many ways a comparison can FAIL: each pair of neighbours in an ordering, each end of a tie. 0 of a budget
    and of what is compared with another session, whose error no coin keeps down, so that there is none to be shared."""
    match statement:
        case Ordering(best_first=names):
            return len(names) - 1
        case Tie():
            return 2
        case NoRegression():
            return 1
        case Budget() | SinceBaseline() | SinceKept() | Refused():
            return 0


def about(statements: Iterable[Statement], variants: Collection[str]) -> list[Statement]:
    """Those statements whose variants are all among these."""
    return [statement for statement in statements if set(names_of(statement)) <= set(variants)]


def _check_variants(marker: str, names: tuple[str, ...]) -> None:
    if len(names) < 2:
        raise SpecError(f"{marker}{names!r}: a comparison takes at least two variants")
    if len(set(names)) < len(names):
        raise SpecError(f"{marker}{names!r}: a variant is named twice")


def _check_factor(name: str, factor: float, sensible: bool) -> None:
    if not (sensible and isfinite(factor)):
        raise SpecError(f"{name}={factor!r} is no factor that can be meant here: 1.2 stands for 20 %")


def _percent(factor: float) -> str:
    return f"{(factor - 1) * 100:.4g} %"
