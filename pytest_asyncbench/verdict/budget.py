"""Guards that compare one variant with a number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf, isnan

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.verdict.datum import against, ratio_of
from pytest_asyncbench.verdict.decision import Band, Finding, decide
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.sentences import Words, counted, explain
from pytest_asyncbench.verdict.statements import Budget
from pytest_asyncbench.verdict.verdict import Verdict

Show = Callable[[float], str]
"""How a value of the metric is written: `0.25` as `250 ms`."""


def plain(value: float) -> str:
    """A number with four digits."""
    return f"{value:.4g}"


def judge_budget(
    guard: Budget, values: Sequence[float], *, effort: Effort, ended: bool = False, show: Show = plain
) -> Verdict | None:
    """The rule on log(value/limit) of each slot of one variant, for a sampled metric; None: go on sampling.

    A latency may be inf (requests that were not ok count as infinitely slow): that is a value like any
    other, worse than all finite ones. The verdict's numbers are value over limit. No coin protects a
    budget: its error is what it promises only as far as slots vary symmetrically and independently.

    Raises SpecError for a limit of 0 and for values that are negative or no numbers.
    """
    logs = against(values, guard.limit)
    towards_good = logs if guard.at_least else [-value for value in logs]
    finding = decide(towards_good, Band(lower=0.0), effort, ended=ended)
    if finding is None:
        return None
    natural = finding if guard.at_least else _turned(finding)
    ratios = ratio_of(natural.centre), ratio_of(natural.low), ratio_of(natural.high)
    centre, low, high = (show(ratio * guard.limit) for ratio in ratios)
    why = explain(natural, (centre, low, high), _words(guard, show))
    return Verdict(natural.outcome, *ratios, natural.rounds, why, guard.metric)


def judge_count(
    guard: Budget, value: float, *, rounds: int = 1, show: Show = plain, where: str = ""
) -> Verdict:
    """A counted metric (errors, queries, rows), pooled over all `rounds`, as a plain number: no statistics.

    `where` says what it was counted in, if not in rounds. Equality holds. Raises SpecError for what is no number.
    """
    if isnan(value):
        raise SpecError(f"budget({guard.metric}): nothing was counted, such a run is INVALID")
    holds = value >= guard.limit if guard.at_least else value <= guard.limit
    sign = ("<" if guard.at_least else ">") if not holds else (">=" if guard.at_least else "<=")
    why = f"{guard.metric} {show(value)} {sign} {show(guard.limit)}, counted in {where or counted(rounds)}"
    ratio = _ratio(value, guard.limit)
    return Verdict("PASS" if holds else "FAIL", ratio, ratio, ratio, rounds, why, guard.metric)


def _turned(finding: Finding) -> Finding:
    return replace(finding, centre=-finding.centre, low=-finding.high, high=-finding.low)


def _words(guard: Budget, show: Show) -> Words:
    inside, outside = ("above", "below") if guard.at_least else ("below", "above")
    return Words(guard.metric, inside, outside, show(guard.limit))


def _ratio(value: float, limit: float) -> float:
    if value == limit:
        return 1.0
    return value / limit if limit else inf
