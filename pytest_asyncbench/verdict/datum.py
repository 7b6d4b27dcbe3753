"""What one round contributes: the logarithm of a ratio."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import exp, inf, isfinite, isnan, log

from pytest_asyncbench.errors import SpecError

NO_RATIO = "a slot without one good answer has no ratio; such a run is INVALID, not judged"


def ratio_of(log_ratio: float) -> float:
    """exp, which for a huge logarithm is inf instead of an error."""
    try:
        return exp(log_ratio)
    except OverflowError:
        return inf


def log_of(ratio: float, name: str) -> float:
    """The logarithm of a claimed ratio. Raises SpecError unless that is a positive, finite number."""
    if isinstance(ratio, int | float) and isfinite(ratio) and ratio > 0:
        return log(ratio)
    raise SpecError(f"{name}={ratio!r} is no ratio: give a positive number, 1.2 for 20 % more")


def checked_logs(log_ratios: Iterable[float]) -> list[float]:
    """The values as floats. Raises SpecError, with the round, for one that is not a finite number."""
    values = []
    for number, given in enumerate(log_ratios, 1):
        value = _number(given, number)
        if not isfinite(value):
            raise SpecError(f"round {number} gave {given!r}: {NO_RATIO}")
        values.append(value)
    return values


def paired(values: Mapping[str, Sequence[float]], a: str, b: str) -> list[float]:
    """log(a/b) of each round, from one value per round and variant.

    Raises SpecError for a variant without values, for numbers of rounds that differ, and for a value of
    which there is no finite ratio.
    """
    return [
        _log_ratio(above, below, number)
        for number, (above, below) in enumerate(zip(*_same_rounds(values, a, b), strict=True), 1)
    ]


def against(values: Sequence[float], limit: float) -> list[float]:
    """log(value/limit) of each slot; a value of 0 gives -inf, an infinite one inf.

    Raises SpecError for a limit that is not positive and finite, and for values that are negative or NaN.
    """
    bound = log_of(limit, "limit")
    return [_log(value, number) - bound for number, value in enumerate(values, 1)]


def _same_rounds(
    values: Mapping[str, Sequence[float]], a: str, b: str
) -> tuple[Sequence[float], Sequence[float]]:
    for name in (a, b):
        if name not in values:
            raise SpecError(
                f"there are no values of {name!r}: the variants are {', '.join(map(repr, values))}"
            )
    if len(values[a]) != len(values[b]):
        raise SpecError(
            f"{a!r} has {len(values[a])} rounds and {b!r} has {len(values[b])}: a whole round has both"
        )
    return values[a], values[b]


def _log_ratio(above: float, below: float, number: int) -> float:
    difference = _log(above, number) - _log(below, number)
    if not isfinite(difference):
        raise SpecError(f"round {number} gave {above!r} and {below!r}: {NO_RATIO}")
    return difference


def _log(value: float, number: int) -> float:
    number_given = _number(value, number)
    if isnan(number_given) or number_given < 0:
        raise SpecError(f"round {number} gave {value!r}: a measured value is 0 or more")
    return log(number_given) if number_given else -inf


def _number(given: float, number: int) -> float:
    try:
        return float(given)
    except (TypeError, ValueError):
        raise SpecError(f"round {number} gave {given!r}: it must be a number") from None
