"""Limits on sampled and on counted metrics."""

from __future__ import annotations

from math import inf, isnan, nan

import pytest

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.verdict import Budget, Effort, Verdict, judge_budget, judge_count

EFFORT = Effort()
P95 = Budget("p95", 0.25)
RPS = Budget("rps", 300.0, at_least=True)
QUICK = [0.20, 0.21, 0.19, 0.22, 0.20, 0.18, 0.21, 0.20]


def milliseconds(seconds: float) -> str:
    """As a report would write it."""
    return f"{seconds * 1000:.3g} ms"


def judged(guard: Budget, values: list[float], ended: bool = False) -> Verdict:
    """The verdict, which must have been given."""
    verdict = judge_budget(guard, values, effort=EFFORT, ended=ended, show=milliseconds)
    assert verdict is not None
    return verdict


def test_less_than_the_limit_passes() -> None:
    verdict = judged(P95, QUICK)
    assert verdict.outcome == "PASS"
    assert verdict.low == pytest.approx(0.18 / 0.25)
    assert verdict.high == pytest.approx(0.22 / 0.25)
    assert verdict.why == "p95 200 ms [180 ms, 220 ms] after 8 rounds: all of it is below 250 ms"
    assert verdict.subject == "p95"


def test_more_than_the_limit_fails() -> None:
    verdict = judged(P95, [2 * value for value in QUICK])
    assert verdict.outcome == "FAIL"
    assert verdict.why.endswith("all of it is above 250 ms")


def test_direction_is_turned_for_at_least() -> None:
    rps = [310.0, 320, 330, 315, 312, 322, 318, 340]
    passed = judge_budget(RPS, rps, effort=EFFORT)
    failed = judge_budget(RPS, [value / 2 for value in rps], effort=EFFORT)
    assert passed is not None
    assert failed is not None
    assert (passed.outcome, failed.outcome) == ("PASS", "FAIL")
    assert passed.ratio > 1 > failed.ratio
    assert "all of it is above 300" in passed.why
    assert "all of it is below 300" in failed.why


def test_undecided_goes_on() -> None:
    assert judge_budget(P95, [0.24, 0.26] * 4, effort=EFFORT) is None
    assert judged(P95, [0.24, 0.262, 0.25, 0.251, 0.249, 0.245, 0.256, 0.24] * 4).outcome == "INCONCLUSIVE"
    assert judge_budget(P95, [], effort=EFFORT) is None


def test_infinite_latencies_fail_by_rank() -> None:
    verdict = judged(P95, [inf] * 8)
    assert verdict.outcome == "FAIL"
    assert (verdict.ratio, verdict.low, verdict.high) == (inf, inf, inf)


def test_mostly_infinite_still_fails() -> None:
    verdict = judged(P95, [*[inf] * 6, 0.2, inf, inf, inf, inf, inf, inf, inf, 0.3, inf, inf, inf])
    assert verdict.outcome == "FAIL"
    assert verdict.low > 1


def test_one_infinite_slot_delays_a_pass_and_does_not_forbid_it() -> None:
    verdict = judged(P95, [inf, *QUICK, *QUICK, *QUICK])
    assert verdict.outcome == "PASS"
    assert verdict.rounds == 18


@pytest.mark.parametrize("values", [[inf, 0.0] * 15, [0.0] * 30, [inf, 0.2] * 15, [inf] * 15 + [0.0] * 15])
@pytest.mark.parametrize("guard", [P95, RPS])
def test_never_nan(values: list[float], guard: Budget) -> None:
    for n in range(1, 31):
        verdict = judged(guard, values[:n], ended=True)
        assert not any(map(isnan, (verdict.ratio, verdict.low, verdict.high)))
        assert "nan" not in verdict.why


def test_zero_requests_per_second_fail() -> None:
    verdict = judged(RPS, [0.0] * 8)
    assert verdict.outcome == "FAIL"
    assert verdict.ratio == 0


@pytest.mark.parametrize("bad", [-0.1, nan, "slow"])
def test_values_that_are_not_measured(bad: object) -> None:
    with pytest.raises(SpecError, match="round 2 gave"):
        judge_budget(P95, [0.1, bad], effort=EFFORT)  # type: ignore[list-item]


def test_sampled_limit_of_zero() -> None:
    with pytest.raises(SpecError, match="limit=0"):
        judge_budget(Budget("p95", 0), QUICK, effort=EFFORT)


@pytest.mark.parametrize(
    ("guard", "value", "outcome", "why"),
    [
        (Budget("queries_per_request", 2), 2.0, "PASS", "queries_per_request 2 <= 2, counted in 8 rounds"),
        (Budget("queries_per_request", 2), 2.02, "FAIL", "queries_per_request 2.02 > 2, counted in 8 rounds"),
        (Budget("errors", 0), 0.0, "PASS", "errors 0 <= 0, counted in 8 rounds"),
        (Budget("errors", 0), 1 / 300, "FAIL", "errors 0.003333 > 0, counted in 8 rounds"),
        (Budget("ok", 100, at_least=True), 100, "PASS", "ok 100 >= 100, counted in 8 rounds"),
        (Budget("ok", 100, at_least=True), 99, "FAIL", "ok 99 < 100, counted in 8 rounds"),
    ],
)
def test_counted(guard: Budget, value: float, outcome: str, why: str) -> None:
    verdict = judge_count(guard, value, rounds=8)
    assert (verdict.outcome, verdict.why, verdict.rounds) == (outcome, why, 8)
    assert verdict.low == verdict.ratio == verdict.high


def test_counted_ratio() -> None:
    assert judge_count(Budget("errors", 0), 0).ratio == 1
    assert judge_count(Budget("errors", 0), 0.1).ratio == inf
    assert judge_count(Budget("errors", 0.2), 0.1).ratio == 0.5


def test_nothing_counted() -> None:
    with pytest.raises(SpecError, match="nothing was counted"):
        judge_count(Budget("errors", 0), nan)
