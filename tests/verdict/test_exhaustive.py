"""The promise, without any model of the noise: every sign pattern of adversarial magnitudes.

The coin gives each round's log ratio its sign. Whatever the magnitudes are, the patterns that lead to a wrong
PASS, or to a wrong FAIL, may not make up more than alpha/2 of all patterns, over all looks together.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt
import pytest

from pytest_asyncbench.launching import confirming_effort
from pytest_asyncbench.verdict import judge
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.signed_rank import critical, tail

Plan = tuple[tuple[int, int], ...]

MAGNITUDES = {
    "all equal": [1.0] * 18,
    "linear": [float(i) for i in range(1, 19)],
    "growing": [2.0**i for i in range(18)],
    "shrinking": [2.0**-i for i in range(18)],
    "later looks dwarf earlier ones": [1.0] * 8 + [100.0] * 4 + [10_000.0] * 6,
    "earlier looks dwarf later ones": [10_000.0] * 8 + [100.0] * 4 + [1.0] * 6,
    "growing by looks, no ties": [(1 + i / 100) * 1000.0 ** ((i >= 8) + (i >= 12)) for i in range(18)],
    "alternating": [1.0, 1000.0] * 9,
    "two outliers": [1.0 + i / 10 for i in range(16)] + [1e6, 2e6],
    "mostly nothing": [0.0] * 6 + [1.0, 2.0] + [0.0] * 6 + [3.0, 4.0, 5.0, 6.0],
}


def sign_patterns(n: int) -> npt.NDArray[np.float64]:
    """(2**n, n) array of all patterns of -1 and 1."""
    bits = np.arange(2**n)[:, None] >> np.arange(n)
    return np.where(bits & 1, 1.0, -1.0)


Counts = dict[int, tuple[npt.NDArray[np.int16], npt.NDArray[np.int16]]]


def counted(magnitudes: list[float], at: set[int]) -> Counts:
    """How many Walsh averages of each pattern are <= 0, and how many >= 0, after the rounds in `at`."""
    values = np.ascontiguousarray(sign_patterns(len(magnitudes)).T * np.array(magnitudes)[:, None])
    at_most = np.zeros(values.shape[1], dtype=np.int16)
    at_least = np.zeros(values.shape[1], dtype=np.int16)
    seen = {}
    for j in range(len(magnitudes)):
        for i in range(j + 1):
            walsh = values[i] + values[j]
            at_most += walsh <= 0
            at_least += walsh >= 0
        if j + 1 in at:
            seen[j + 1] = at_most.copy(), at_least.copy()
    return seen


def first_decisions(counts: Counts, plan: Plan) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which patterns PASS and which FAIL at the first look that decides."""
    patterns = len(counts[plan[0][0]][0])
    passed, failed = np.zeros(patterns, dtype=bool), np.zeros(patterns, dtype=bool)
    for n, k in plan:
        at_most, at_least = counts[n]
        open_ones = ~(passed | failed)
        passed |= open_ones & (at_most < k)
        failed |= open_ones & (at_least < k)
    return passed, failed


@pytest.mark.parametrize("name", MAGNITUDES)
def test_wrong_verdicts_of_all_patterns(name: str) -> None:
    counts = counted(MAGNITUDES[name], {8, 12, 18})
    for alpha, cap in [(0.05, 30), (0.05, 20), (0.05, 12), (0.05, 18), (0.01, 30), (0.1, 30)]:
        plan = critical(alpha, cap)
        # looks beyond 18 rounds by exact counting, as if they never overlapped with earlier ones
        beyond = sum(tail(n, k) for n, k in plan if n > 18)
        passed, failed = first_decisions(counts, tuple((n, k) for n, k in plan if n <= 18))
        assert passed.mean() + beyond <= alpha / 2
        assert failed.mean() + beyond <= alpha / 2


@pytest.mark.parametrize("name", MAGNITUDES)
def test_judge_itself_on_all_patterns_of_twelve_rounds(name: str) -> None:
    magnitudes = MAGNITUDES[name][6:]
    outcomes = [
        judge([sign * m for sign, m in zip(signs, magnitudes, strict=True)], max_rounds=12)
        for signs in product((-1.0, 1.0), repeat=12)
    ]
    passed, failed = first_decisions(counted(magnitudes, {8, 12}), critical(0.05, 12))
    # product() counts up from the last round, the bits of sign_patterns() from the first
    order = [int("".join(map(str, bits))[::-1], 2) for bits in product((0, 1), repeat=12)]
    assert [v is not None and v.outcome == "PASS" for v in outcomes] == passed[order].tolist()
    assert [v is not None and v.outcome == "FAIL" for v in outcomes] == failed[order].tolist()
    assert passed.mean() <= 0.025
    assert failed.mean() <= 0.025


@pytest.mark.parametrize("name", MAGNITUDES)
def test_fresh_launches_that_confirm_err_as_seldom_as_they_may(name: str) -> None:
    plan = confirming_effort(Effort()).looks
    passed, failed = first_decisions(counted(MAGNITUDES[name][6:], {n for n, _ in plan}), plan)
    assert max(passed.mean(), failed.mean()) <= 2 * 0.025


def test_the_check_can_fail() -> None:
    greedy = ((8, 4), (12, 14), (18, 41))  # each look spends all of it
    passed, _ = first_decisions(counted(MAGNITUDES["linear"], {8, 12, 18}), greedy)
    assert passed.mean() > 0.04
