"""The exact signed-rank distribution, and the looks that it pays for.

The signed-rank sum T of n values that lie symmetrically about a centre is the sum of those ranks 1..n
whose value lies below it: each rank is in or out by the toss of a fair coin, so P(T = t) is the number of
subsets of 1..n with sum t, over 2**n. T is also the number of Walsh averages, (v[i] + v[j]) / 2 for i <=
j, below the centre. Hence the centre lies below the k-th smallest Walsh average with probability P(T <= k
- 1), and above the k-th largest with the same: see Hollander, Wolfe and Chicken, Nonparametric Statistical
Methods, 3.1-3.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, takewhile
from math import isinf

FIRST_LOOK = 8


@lru_cache(maxsize=32)
def subset_counts(n: int) -> tuple[int, ...]:
    """How many subsets of the ranks 1..n have the sum 0, 1, ..., n(n+1)/2."""
    counts = [1]
    for rank in range(1, n + 1):
        gap = [0] * rank
        counts = [without + with_it for without, with_it in zip(counts + gap, gap + counts, strict=True)]
    return tuple(counts)


def tail(n: int, k: int) -> float:
    """P(T <= k - 1) of n rounds: how often the centre lies below the k-th smallest Walsh average."""
    return float(sum(subset_counts(n)[:k]) / 2**n)


def largest_k(n: int, room: float) -> int:
    """The largest k whose tail is at most `room`; 0 if not even the outermost Walsh average is that rare."""
    tails = accumulate(subset_counts(n))
    return sum(1 for _ in takewhile(lambda below: below / 2**n <= room, tails))


def looks(cap: int, first: int = FIRST_LOOK) -> tuple[int, ...]:
    """Rounds after which a verdict may be given: 8, 12, 18, 27, ... up to 0.8 `cap`, then `cap`.

    `first` is another first look, which the next ones follow by half as many again.
    """
    planned = []
    look = first
    while 5 * look <= 4 * cap:
        planned.append(look)
        look = (3 * look + 1) // 2
    return (*planned, cap)


@lru_cache(maxsize=128)
def critical(alpha: float, cap: int, first: int = FIRST_LOOK) -> tuple[tuple[int, int], ...]:
    """(rounds, k) of every look: the interval runs from the k-th smallest to the k-th largest Walsh average.

    The tails spent up to a look of n rounds add up to at most (alpha/2) max(n/cap, 1/6); what a look leaves
    unused carries over to the next. k = 0 means that no verdict is given at that look. As the tails of all
    looks are added, whether or not they overlap, an interval lies wholly above (or wholly below) the centre
    at any look with probability alpha/2 at most.
    """
    plan = []
    spent = 0.0
    for n in looks(cap, first):
        k = largest_k(n, alpha / 2 * max(n / cap, 1 / 6) - spent)
        spent += tail(n, k)
        plan.append((n, k))
    return tuple(plan)


def walsh_averages(values: Sequence[float]) -> list[float]:
    """The n(n+1)/2 means of pairs, each value also with itself, sorted. Opposite infinities cancel to 0."""
    halves = [value / 2 for value in values]
    sums = [a + b for i, a in enumerate(halves) for b in halves[i:]]
    if any(map(isinf, halves)):
        sums = [0.0 if total != total else total for total in sums]
    sums.sort()
    return sums


def middle(averages: Sequence[float]) -> float:
    """The median of sorted values: of Walsh averages, the Hodges-Lehmann estimate of the centre."""
    upper = len(averages) // 2
    a, b = averages[-1 - upper], averages[upper]
    return 0.0 if a == -b else a / 2 + b / 2
