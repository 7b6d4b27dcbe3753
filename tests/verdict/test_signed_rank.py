"""The exact distribution and its constants, against SciPy and against brute force."""

from __future__ import annotations

from itertools import combinations_with_replacement, product
from statistics import median

import numpy as np
import pytest
from scipy.stats import wilcoxon

from pytest_asyncbench.verdict.signed_rank import (
    critical,
    largest_k,
    looks,
    middle,
    subset_counts,
    tail,
    walsh_averages,
)

PLANS = [
    (0.05, 30, ((8, 1), (12, 8), (18, 30), (30, 122))),
    (0.05, 12, ((8, 3), (12, 11))),
    (0.05, 20, ((8, 2), (12, 9), (20, 45))),
    (0.01, 30, ((8, 0), (12, 5), (18, 20), (30, 97))),
]


def with_negative_ranks(n: int, total: int) -> list[float]:
    """The values 1..n, those signed minus whose ranks add up to `total`."""
    values = []
    for rank in range(n, 0, -1):
        negative = rank <= total
        total -= rank if negative else 0
        values.append(float(-rank if negative else rank))
    return values


@pytest.mark.parametrize(("alpha", "cap", "expected"), PLANS)
def test_published_constants(alpha: float, cap: int, expected: tuple[tuple[int, int], ...]) -> None:
    assert critical(alpha, cap) == expected


def test_fresh_launches_are_looked_at_sooner() -> None:
    assert critical(0.1, 12, 6) == ((6, 1), (9, 6), (12, 12))


@pytest.mark.parametrize("n", [8, 12, 18, 30, 45])
def test_tails_are_scipys(n: int) -> None:
    for k in {1, 2, 8, 30, 122, n * (n + 1) // 4}:
        if k > n * (n + 1) // 2:
            continue
        data = with_negative_ranks(n, k - 1)
        exact = wilcoxon(data, alternative="greater", method="exact").pvalue
        assert tail(n, k) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("alpha", [0.2, 0.05, 0.01, 0.001])
@pytest.mark.parametrize("cap", [8, 9, 10, 12, 20, 30, 45, 60])
@pytest.mark.parametrize("first", [6, 8])
def test_each_look_spends_as_much_as_it_may(alpha: float, cap: int, first: int) -> None:
    spent = 0.0
    for n, k in critical(alpha, cap, first):
        room = alpha / 2 * max(n / cap, 1 / 6)
        assert spent + (tail(n, k) if k else 0) <= room * (1 + 1e-12)
        assert spent + tail(n, k + 1) > room * (1 - 1e-12)
        spent += tail(n, k)
    assert spent <= alpha / 2


@pytest.mark.parametrize("n", range(1, 11))
def test_counts_are_those_of_all_sign_patterns(n: int) -> None:
    signs = np.array(list(product([0, 1], repeat=n)))
    sums = signs @ np.arange(1, n + 1)
    assert subset_counts(n) == tuple(np.bincount(sums))
    assert sum(subset_counts(n)) == 2**n


@pytest.mark.parametrize(
    ("cap", "expected"),
    [
        (8, (8,)),
        (9, (9,)),
        (10, (8, 10)),
        (12, (8, 12)),
        (20, (8, 12, 20)),
        (30, (8, 12, 18, 30)),
        (50, (8, 12, 18, 27, 50)),
        (100, (8, 12, 18, 27, 41, 62, 100)),
    ],
)
def test_looks(cap: int, expected: tuple[int, ...]) -> None:
    assert looks(cap) == expected


def test_no_k_fits_a_room_that_is_too_small() -> None:
    assert largest_k(8, 1 / 257) == 0
    assert largest_k(8, 1 / 256) == 1


def test_walsh_averages_and_their_median() -> None:
    values = [0.5, -1.25, 3.0, 3.0, 0.0]
    expected = sorted((a + b) / 2 for a, b in combinations_with_replacement(values, 2))
    assert walsh_averages(values) == expected
    assert middle(expected) == median(expected)
    assert middle(walsh_averages([1.0, 2.0])) == 1.5


def test_infinite_values_give_no_nan() -> None:
    inf = float("inf")
    assert walsh_averages([inf, -inf, 1.0]) == [-inf, -inf, 0.0, 1.0, inf, inf]
    assert middle([-inf, inf]) == 0.0
    assert middle([-inf, -inf]) == -inf
    assert walsh_averages([1.7e308, 1.7e308]) == [1.7e308] * 3
