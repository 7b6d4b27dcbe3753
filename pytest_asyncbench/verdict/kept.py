"""A guard against getting worse than a run that was kept: two sessions that were not interleaved.

Nothing pairs their rounds, so there is no coin that protects this verdict. The two sides are estimated each for itself,
with half of the error allowed, and the statement is decided where it holds (or fails) for the whole of both intervals.
Beyond that the two sessions had other launches, and hours or weeks lie between them: what a session as a whole may
differ by, `SESSIONS`, is granted to both outcomes. What lies in between is INCONCLUSIVE.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf, log

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.verdict.budget import Show, judge_count, plain
from pytest_asyncbench.verdict.datum import against, ratio_of
from pytest_asyncbench.verdict.decision import Band, Finding, decide
from pytest_asyncbench.verdict.effort import MOST_ROUNDS, Effort
from pytest_asyncbench.verdict.estimate import Estimate, estimate_values
from pytest_asyncbench.verdict.sentences import counted
from pytest_asyncbench.verdict.signed_rank import FIRST_LOOK
from pytest_asyncbench.verdict.statements import Budget, SinceKept
from pytest_asyncbench.verdict.verdict import Verdict

SESSIONS = 1.05
"""Factor by which a whole session may differ from another on the same machine, for no reason in the code."""


def judge_since_kept(
    guard: SinceKept,
    variant: str,
    values: Sequence[float],
    *,
    more_is_better: bool,
    effort: Effort,
    ended: bool = False,
) -> Verdict | None:
    """Whether a variant is not worse than its kept values, by the rule on its own slots; None: go on sampling.

    The verdict's numbers are now over then (turned round where less is better: below 1 is worse); the interval is as
    wide as both of them. Raises SpecError for values of which there is no logarithm.
    """
    half = _half(effort)
    kept = _kept(guard.values_of(variant), more_is_better, half)
    if half is None or kept is None or not values:
        return _undecidable(guard, variant, values, more_is_better)
    low, high = kept
    logs = _towards_good(values, more_is_better)
    margin = -log(guard.within)
    passing = decide(logs, Band(lower=margin + high + log(SESSIONS)), half, ended=ended)
    failing = decide(logs, Band(lower=margin + low - log(SESSIONS)), half, ended=ended)
    if passing is not None and passing.outcome == "PASS":
        return _verdict(guard, passing, "PASS", kept)
    if failing is not None and failing.outcome == "FAIL":
        return _verdict(guard, failing, "FAIL", kept)
    if passing is None or failing is None:
        return None
    return _verdict(guard, max(passing, failing, key=lambda each: each.rounds), "INCONCLUSIVE", kept)


def count_since_kept(
    guard: SinceKept, variant: str, value: float, *, more_is_better: bool, where: str, show: Show = plain
) -> Verdict:
    """A counted metric against the kept count: plain numbers, which no machine changes. Zero must stay zero."""
    kept = guard.values_of(variant)[0]
    limit = kept / guard.within if more_is_better else kept * guard.within
    found = judge_count(Budget(guard.metric, limit, more_is_better), value, show=show, where=where)
    return replace(found, why=f"{found.why}; it was {show(kept)} in the kept run {guard.name!r}")


def finished(values: Sequence[float], confidence: float) -> Estimate | None:
    """The interval of a series that has ended: its last look is its last value. None where there are too few values,
    or some that have no logarithm."""
    if not FIRST_LOOK <= len(values) <= MOST_ROUNDS or not all(0 < value < inf for value in values):
        return None
    try:
        return estimate_values(values, effort=Effort(confidence, len(values)))
    except SpecError:  # so few cannot give so much confidence
        return None


def centre_of(values: Sequence[float]) -> float:
    """The median Walsh average of kept values."""
    return estimate_values(values, effort=Effort()).value


def _half(effort: Effort) -> Effort | None:
    """Half of the error, for each of two intervals that must both be right; None where so few rounds cannot give it."""
    try:
        return Effort(round(1 - effort.alpha / 2, 12), effort.max_rounds, first_look=effort.first_look)
    except SpecError:
        return None


def _kept(values: Sequence[float], more_is_better: bool, half: Effort | None) -> tuple[float, float] | None:
    """The interval of the kept values in logarithms, towards good; None: too few of them."""
    found = None if half is None else finished(values, half.confidence)
    if found is None or found.low is None or found.high is None:
        return None
    low, high = log(found.low), log(found.high)
    return (low, high) if more_is_better else (-high, -low)


def _towards_good(values: Sequence[float], more_is_better: bool) -> list[float]:
    logs = against(values, 1.0)
    return logs if more_is_better else [-value for value in logs]


def _verdict(guard: SinceKept, finding: Finding, outcome: str, kept: tuple[float, float]) -> Verdict:
    low, high = ratio_of(finding.low - kept[1]), ratio_of(finding.high - kept[0])
    ratio = ratio_of(finding.centre - (kept[0] + kept[1]) / 2)
    bound = 1 / guard.within
    where = {
        "PASS": f"all of it is above {bound:.4g}, and by more than sessions differ",
        "FAIL": f"all of it is below {bound:.4g}, and by more than sessions differ",
        "INCONCLUSIVE": f"it is neither clearly above nor clearly below {bound:.4g}, as far as two sessions can say "
        f"({(SESSIONS - 1) * 100:.0f} % is granted to chance); measured side by side it could be decided",
    }[outcome]
    seen = f"{guard.metric} {_now_over_then(guard)} {ratio:.4g} [{low:.4g}, {high:.4g}] after {counted(finding.rounds)}"
    kind = {"PASS": "PASS", "FAIL": "FAIL"}.get(outcome, "INCONCLUSIVE")
    return Verdict(kind, ratio, low, high, finding.rounds, f"{seen}, not interleaved: {where}", guard.metric)  # type: ignore[arg-type]


def _now_over_then(guard: SinceKept) -> str:
    return f"against the kept run {guard.name!r}"


def _undecidable(guard: SinceKept, variant: str, values: Sequence[float], more_is_better: bool) -> Verdict:
    kept = guard.values_of(variant)
    why = (
        f"{guard.metric} {_now_over_then(guard)}: {counted(len(kept))} there, "
        f"and it takes {FIRST_LOOK} and the confidence asked for"
    )
    ratio = 1.0
    if values and kept and all(0 < value < inf for value in (*values, *kept)):
        ratio = centre_of(values) / centre_of(kept)
        ratio = ratio if more_is_better else 1 / ratio
    return Verdict("INCONCLUSIVE", ratio, 0.0, inf, len(values), why, guard.metric)
