"""Percentiles of latencies of which some are only known to be longer than a time: the product-limit estimate.

E. L. Kaplan, P. Meier: Nonparametric Estimation from Incomplete Observations. Journal of the American Statistical
Association 53 (1958), 457-481. Computed by redistribution to the right (B. Efron: The Two Sample Problem with Censored
Data. Fifth Berkeley Symposium, 1967), which is the same: a censored value hands its weight on, in equal parts, to all
that are longer. So without censored values it is exactly the nearest rank.
"""

from __future__ import annotations

from collections.abc import Iterable

DIGITS = 6
"""Weights are sums of fractions of one request; beyond these digits they are rounding errors."""


def kaplan_meier(known: Iterable[float], censored: Iterable[float], share: float) -> float | None:
    """The smallest of the `known` values that at least `share` of all do not exceed; infinite ones are allowed.

    The true value of each of the `censored` is longer than the one given, and independent of it. None where the
    estimate does not reach `share`, because too many of the longest are censored.
    """
    return kaplan_meier_counted(
        [*((value, False, 1) for value in known), *((value, True, 1) for value in censored)], share
    )


def kaplan_meier_counted(entries: Iterable[tuple[float, bool, int]], share: float) -> float | None:
    """The same over (value, whether it is censored, how many times it is there)."""
    ordered = sorted(entries)
    longer = sum(number for _, _, number in ordered)
    wanted = round(share * longer, DIGITS)
    weight, reached = 1.0, 0.0
    for value, is_censored, number in ordered:
        longer -= number
        if not is_censored:
            reached += weight * number
            if round(reached, DIGITS) >= wanted:
                return value
        elif longer:
            weight *= (longer + number) / longer
    return None
