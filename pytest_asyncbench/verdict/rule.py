"""The rule that decides: rounds in, verdict out. Pure, exact, and only at planned looks."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_asyncbench.verdict.datum import checked_logs, log_of
from pytest_asyncbench.verdict.decision import Band, decide
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.sentences import beyond
from pytest_asyncbench.verdict.verdict import Verdict, verdict_of


def judge(
    log_ratios: Iterable[float],
    *,
    margin: float = 1.0,
    confidence: float = 0.95,
    max_rounds: int = 30,
    ended: bool = False,
) -> Verdict | None:
    """Whether A is more than `margin` times B, from log(A/B) of the rounds so far; None: go on sampling.

    PASS if at a look (8, 12, 18, 30 rounds) the whole interval lies above `margin`, FAIL if all of it lies
    below. The first look that decides counts, and rounds after it change nothing; between looks nothing new
    is decided. INCONCLUSIVE at the last look, or earlier when going on would hardly decide. With `ended` no
    more rounds will come: what is still open becomes INCONCLUSIVE.

    Whatever the noise, a wrong PASS and a wrong FAIL have a probability of (1 - confidence)/2 at most each,
    as long as the order within each round was drawn by a fair coin.

    Raises SpecError for a value or a number that cannot be meant.
    """
    effort = Effort(confidence, max_rounds)
    band = Band(lower=log_of(margin, "margin"))
    finding = decide(checked_logs(log_ratios), band, effort, ended=ended)
    return verdict_of(finding, beyond(margin)) if finding else None
