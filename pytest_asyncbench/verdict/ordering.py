"""Claims about which variant is better: an ordering of two or more, and no regression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import log

from pytest_asyncbench.verdict.datum import paired
from pytest_asyncbench.verdict.decision import Band, decide
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.sentences import beyond
from pytest_asyncbench.verdict.statements import NoRegression, Ordering
from pytest_asyncbench.verdict.verdict import Verdict, verdict_of

Values = Mapping[str, Sequence[float]]
"""One value per round of each variant, all positive and finite."""


def judge_ordering(
    claim: Ordering,
    values: Values,
    *,
    more_is_better: bool,
    effort: Effort,
    ended: bool = False,
    others: int = 0,
) -> Verdict | None:
    """Each variant against the next: PASS when all PASS, FAIL as soon as one FAILs, None: go on sampling.

    One wrong FAIL among k variants is enough to fail them all, so each pair's FAIL has the (k-1)-th part of
    the error allowed; less if the test's other comparisons can FAIL in `others` ways, too. The verdict's numbers
    are those of the pair that decides: the first to FAIL, else the closest. Raises SpecError for values
    of which there is no ratio.
    """
    ways = len(claim.best_first) - 1 + others
    pairs = [Pair(a, b, claim.metric, claim.by, ways) for a, b in pairwise(claim.best_first)]
    parts = [pair.judge(values, more_is_better, effort, ended) for pair in pairs]
    return combined(parts)


def judge_no_regression(
    guard: NoRegression,
    values: Values,
    *,
    more_is_better: bool,
    effort: Effort,
    ended: bool = False,
    others: int = 0,
) -> Verdict | None:
    """PASS if new over old lies above 1/within (turned round where less is better), FAIL if below.

    `others` is in how many ways the test's other comparisons can FAIL. Raises SpecError for values of which
    there is no ratio.
    """
    pair = Pair(guard.new, guard.old, guard.metric, 1 / guard.within, 1 + others)
    return pair.judge(values, more_is_better, effort, ended)


@dataclass(frozen=True, slots=True)
class Pair:
    """`better` is claimed to be more than `margin` times as good as `worse`."""

    better: str
    worse: str
    metric: str
    margin: float
    ways_to_fail: int = 1

    def judge(self, values: Values, more_is_better: bool, effort: Effort, ended: bool) -> Verdict | None:
        """The rule on the rounds so far; where less is better the ratio is worse over better."""
        above, below = (self.better, self.worse) if more_is_better else (self.worse, self.better)
        band = Band(
            lower=log(self.margin), ways_to_fail=self.ways_to_fail, clear_by=log(effort.launch_allowance)
        )
        finding = decide(paired(values, above, below), band, effort, ended=ended)
        words = beyond(self.margin, f"{self.metric} {above} / {below}")
        return verdict_of(finding, words) if finding else None


def combined(parts: Sequence[Verdict | None]) -> Verdict | None:
    """One verdict of several that must all hold. It stays the same when rounds are added."""
    given = [part for part in parts if part]
    if failed := [part for part in given if part.outcome == "FAIL"]:
        first = min(failed, key=lambda part: (part.rounds, part.ratio))
        return _summed_up(first, [part for part in given if part.rounds <= first.rounds])
    if len(given) < len(parts):
        return None
    open_ones = [part for part in given if part.outcome == "INCONCLUSIVE"]
    return _summed_up(min(open_ones or given, key=lambda part: part.low), given)


def _summed_up(deciding: Verdict, parts: Sequence[Verdict]) -> Verdict:
    return replace(deciding, parts=tuple(parts) if len(parts) > 1 else ())
