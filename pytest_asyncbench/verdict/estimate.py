"""An estimate with its interval, for values about which nothing was claimed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, sqrt

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.verdict.datum import against, ratio_of
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.giving_up import normal_quantile
from pytest_asyncbench.verdict.signed_rank import largest_k, middle, tail, walsh_averages

MOST_COUNTED = 100
"""Above this many rounds the normal approximation replaces the counting: it is right to a hundredth there."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A ratio, or any positive value, and its interval (None: too few rounds for one)."""

    value: float
    low: float | None
    high: float | None
    rounds: int


def estimate(logs: Sequence[float], *, effort: Effort) -> Estimate:
    """The median Walsh average of some logarithms and the interval of the last look that they reach.

    Between looks, and after the last, all values count, with the tail of the look before. The value of a
    single variant is estimated from the logarithms of its slots. Infinite values are allowed.

    Raises SpecError if there are no values, or a NaN.
    """
    if not logs or any(map(isnan, logs)):
        raise SpecError(f"{list(logs)!r}: nothing can be estimated from no values, or from NaN")
    averages = walsh_averages(logs)
    value = ratio_of(middle(averages))
    k = interval_k(len(logs), effort)
    if k == 0:
        return Estimate(value, None, None, len(logs))
    return Estimate(value, ratio_of(averages[k - 1]), ratio_of(averages[-k]), len(logs))


def interval_k(rounds: int, effort: Effort) -> int:
    """The k of the interval after this many rounds; 0: there is none."""
    reached = [look for look in effort.looks if look[0] <= rounds]
    if not reached or reached[-1][1] == 0:
        return 0
    n, k = reached[-1]
    if rounds == n:
        return k
    if rounds <= MOST_COUNTED:
        return largest_k(rounds, tail(n, k))
    return _approximate_k(rounds, tail(n, k))


def _approximate_k(rounds: int, room: float) -> int:
    mean = rounds * (rounds + 1) / 4
    deviation = sqrt(rounds * (rounds + 1) * (2 * rounds + 1) / 24)
    return int(mean - normal_quantile(room) * deviation)


def estimate_values(values: Sequence[float], *, effort: Effort) -> Estimate:
    """The same from the values themselves, such as the rps of each slot of one variant.

    Raises SpecError if there are none, or one that is negative or NaN.
    """
    return estimate(against(values, 1.0), effort=effort)
