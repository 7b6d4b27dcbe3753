"""The claim that two variants are equal, for practical purposes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log

from pytest_asyncbench.verdict.datum import paired
from pytest_asyncbench.verdict.decision import Band, decide
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.sentences import Words
from pytest_asyncbench.verdict.statements import Tie
from pytest_asyncbench.verdict.verdict import Verdict, verdict_of


def judge_tie(
    claim: Tie,
    values: Mapping[str, Sequence[float]],
    *,
    effort: Effort,
    ended: bool = False,
    others: int = 0,
) -> Verdict | None:
    """PASS if the whole interval of a/b lies between the margins, FAIL if it lies beyond one of them.

    PASS needs both margins, either of which holds the error down alone (two one-sided tests: Schuirmann, 1987). FAIL
    needs one, so each has half of the error; less if the test's other comparisons can FAIL in `others` ways, too. The
    ratio is a/b whatever the metric: a tie has no better side. Raises SpecError for values of which there is no ratio.
    """
    width = log(claim.within)
    band = Band(-width, width, ways_to_fail=2 + others, clear_by=log(effort.launch_allowance))
    finding = decide(paired(values, claim.a, claim.b), band, effort, ended=ended)
    span = f"{1 / claim.within:.4g} to {claim.within:.4g}"
    words = Words(f"{claim.metric} {claim.a} / {claim.b}", "within", "outside", span)
    return verdict_of(finding, words) if finding else None
