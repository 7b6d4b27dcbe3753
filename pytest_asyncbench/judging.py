"""Evidence and statements in, judgements out. Pure: the same evidence is always judged the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pytest_asyncbench.errors import SpecError, UnknownValue
from pytest_asyncbench.marks import is_built_in
from pytest_asyncbench.measure.counted import counted, where
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.explaining import explain_count
from pytest_asyncbench.measure.failures import describe_failures
from pytest_asyncbench.metrics import Metric, metric
from pytest_asyncbench.verdict.budget import judge_budget, judge_count
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.kept import count_since_kept, judge_since_kept
from pytest_asyncbench.verdict.ordering import judge_no_regression, judge_ordering
from pytest_asyncbench.verdict.refusal import judge_refusal
from pytest_asyncbench.verdict.statements import (
    Budget,
    NoRegression,
    Ordering,
    Refused,
    SinceBaseline,
    SinceKept,
    Statement,
    Tie,
    names_of,
    ways_to_fail,
)
from pytest_asyncbench.verdict.tie import judge_tie
from pytest_asyncbench.verdict.verdict import Verdict

Outcome = Literal["PASS", "FAIL", "INCONCLUSIVE", "INVALID"]
WORST_FIRST: tuple[Outcome, ...] = ("INVALID", "FAIL", "INCONCLUSIVE", "PASS")

HOPELESS_ERRORS = 0.1
"""Share of failed requests above the limit at which more rounds cannot mend it."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one statement came to, about one variant (budgets) or about several (`variant` is empty).

    `details` are lines that explain a count that is too high.
    """

    statement: Statement
    variant: str
    outcome: Outcome
    why: str
    verdict: Verdict | None = None
    details: tuple[str, ...] = ()

    @property
    def is_worth_a_line(self) -> bool:
        """False for a limit that nobody wrote and that was not broken."""
        return not is_built_in(self.statement) or self.outcome in ("FAIL", "INVALID")


def decided(evidence: Evidence, statements: Sequence[Statement], effort: Effort, rounds: int) -> bool:
    """Whether sampling may end: every sampled statement has its verdict, or there are none and `rounds` data.

    Also when more rounds would not help: too many errors, a server that hangs, slots that cannot hold what a
    percentile needs, or a round of which there is no ratio (rounds are never deleted).
    """
    if _hopeless(evidence, statements):
        return True
    sampled = [statement for statement in statements if metric(statement.metric).kind == "sampled"]
    if not sampled:
        return len(evidence.rounds) >= rounds
    if evidence.caution:
        return True
    try:
        verdicts = [
            verdict
            for statement in sampled
            for verdict in _verdicts(evidence, statement, effort, _others(statement, statements), ended=False)
        ]
    except (UnknownValue, SpecError):
        return True
    return None not in verdicts


def judge_all(evidence: Evidence, statements: Sequence[Statement], effort: Effort) -> tuple[Judgement, ...]:
    """The judgement of every statement, when no more rounds will come.

    Where the test states that its comparison is refused, and it is, there is nothing else to judge.
    """
    refusals = [_judge_refusal(evidence, each) for each in statements if isinstance(each, Refused)]
    if refusals and all(judgement.outcome == "PASS" for judgement in refusals):
        return tuple(refusals)
    others = [statement for statement in statements if not isinstance(statement, Refused)]
    return (
        *refusals,
        *(judgement for each in others for judgement in _judge(evidence, each, statements, effort)),
    )


def _judge_refusal(evidence: Evidence, statement: Refused) -> Judgement:
    return Judgement(statement, "", *judge_refusal(statement, evidence.refused, evidence.complaints))


def worth_telling(judgements: Sequence[Judgement]) -> list[Judgement]:
    """Those that are worth a line. What breaks a measurement breaks every statement for one reason: it is told of the
    statements that somebody wrote, or once. A built-in limit that could not be decided is told if nothing else is."""
    said = {item.why for item in judgements if item.outcome == "INVALID" and not is_built_in(item.statement)}
    told: list[Judgement] = []
    for judgement in judgements:
        repeats = (
            judgement.outcome == "INVALID" and is_built_in(judgement.statement) and judgement.why in said
        )
        if judgement.is_worth_a_line and not repeats:
            told.append(judgement)
            said |= {judgement.why} if judgement.outcome == "INVALID" else set()
    return told or [judgement for judgement in judgements if judgement.outcome != "PASS"][:1]


def worst_first(judgements: Sequence[Judgement]) -> list[Judgement]:
    """In the order of their outcomes: INVALID, FAIL, INCONCLUSIVE, PASS."""
    return sorted(judgements, key=lambda judgement: WORST_FIRST.index(judgement.outcome))


def worst(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome of a test whose statements came to these: INVALID > FAIL > INCONCLUSIVE > PASS."""
    return min(outcomes, key=WORST_FIRST.index, default="PASS")


def _judge(
    evidence: Evidence, statement: Statement, statements: Sequence[Statement], effort: Effort
) -> list[Judgement]:
    subjects = _subjects(evidence, statement)
    counts = metric(statement.metric).kind == "counted" and bool(evidence.bursts)
    if evidence.unrest and not evidence.complaints and metric(statement.metric).kind == "sampled":
        return [Judgement(statement, "", "INCONCLUSIVE", evidence.unrest)]
    if not evidence.rounds and not evidence.complaints and not counts:
        return [Judgement(statement, "", "INCONCLUSIVE", "max_time was over before the first round")]
    try:
        broken = [_broken(evidence, statement, statements, names) for names in subjects]
        others = _others(statement, statements)
        verdicts = (
            [None] * len(subjects)
            if all(broken)
            else _verdicts(evidence, statement, effort, others, ended=True)
        )
    except UnknownValue as error:
        return [Judgement(statement, "", "INVALID", str(error))]
    return [
        _judgement(evidence, statement, names[0] if len(names) == 1 else "", why, verdict)
        for names, why, verdict in zip(subjects, broken, verdicts, strict=True)
    ]


def _judgement(
    evidence: Evidence, statement: Statement, variant: str, broken: str | None, verdict: Verdict | None
) -> Judgement:
    if broken is not None or verdict is None:
        return Judgement(statement, variant, "INVALID", broken or "there is nothing to judge")
    whose = statement.new if isinstance(statement, NoRegression) else variant
    failed = verdict.outcome == "FAIL" and whose in evidence.counts
    details = explain_count(statement.metric, evidence.counts[whose]) if failed else ()
    return Judgement(statement, variant, verdict.outcome, verdict.why, verdict, details)


def _subjects(evidence: Evidence, statement: Statement) -> list[tuple[str, ...]]:
    """The variants that each verdict of a statement is about: a budget is judged for every variant by itself."""
    if isinstance(statement, Budget):
        return [(variant,) for variant in evidence.own]
    if isinstance(statement, SinceKept):
        return [(variant,) for variant in evidence.own if statement.values_of(variant)]
    return [] if isinstance(statement, SinceBaseline) else [names_of(statement)]


def _others(statement: Statement, statements: Sequence[Statement]) -> int:
    """In how many ways the other comparisons of the test can FAIL. Any fails the test, so all share the error."""
    return sum(map(ways_to_fail, statements)) - ways_to_fail(statement)


def _verdicts(
    evidence: Evidence, statement: Statement, effort: Effort, others: int, *, ended: bool
) -> list[Verdict | None]:
    if isinstance(statement, Budget):
        return _budget_verdicts(evidence, statement, effort, ended=ended)
    if isinstance(statement, SinceKept):
        return [
            _since_kept(evidence, statement, name, effort, ended)
            for (name,) in _subjects(evidence, statement)
        ]
    judged = metric(statement.metric)
    if isinstance(statement, NoRegression) and judged.kind == "counted":
        return [_count_no_regression(evidence, statement, judged)]
    values = {name: _values(evidence, name, judged) for name in names_of(statement)}
    match statement:
        case Ordering():
            return [
                judge_ordering(
                    statement,
                    values,
                    more_is_better=judged.more_is_better,
                    effort=effort,
                    ended=ended,
                    others=others,
                )
            ]
        case NoRegression():
            return [
                judge_no_regression(
                    statement,
                    values,
                    more_is_better=judged.more_is_better,
                    effort=effort,
                    ended=ended,
                    others=others,
                )
            ]
        case Tie():
            return [judge_tie(statement, values, effort=effort, ended=ended, others=others)]
        case (
            SinceBaseline() | Refused()
        ):  # there is none, or it became another statement; is judged without rounds
            return []


def _since_kept(
    evidence: Evidence, guard: SinceKept, variant: str, effort: Effort, ended: bool
) -> Verdict | None:
    judged = metric(guard.metric)
    more = judged.more_is_better
    if judged.kind == "counted":
        value, told = counted(evidence, variant, judged), where(evidence, variant, judged)
        return count_since_kept(guard, variant, value, more_is_better=more, where=told, show=judged.show)
    values = _values(evidence, variant, judged)
    return judge_since_kept(guard, variant, values, more_is_better=more, effort=effort, ended=ended)


def _count_no_regression(evidence: Evidence, guard: NoRegression, judged: Metric) -> Verdict:
    """What is counted is compared as it is, without an interval."""
    new, old = (counted(evidence, name, judged) for name in (guard.new, guard.old))
    limit = old / guard.within if judged.more_is_better else old * guard.within
    budget = Budget(judged.name, limit, at_least=judged.more_is_better)
    seen_in = where(evidence, guard.new, judged)
    found = judge_count(budget, new, rounds=len(evidence.rounds), show=judged.show, where=seen_in)
    return replace(found, why=f"{found.why}; {guard.old} has {judged.show(old)}")


def _budget_verdicts(
    evidence: Evidence, budget: Budget, effort: Effort, *, ended: bool
) -> list[Verdict | None]:
    judged = metric(budget.metric)
    if judged.kind == "counted":
        return [
            judge_count(
                budget,
                counted(evidence, variant, judged),
                rounds=len(evidence.rounds),
                show=judged.show,
                where=where(evidence, variant, judged),
            )
            for variant in evidence.own
        ]
    per_variant = [_values(evidence, variant, judged) for variant in evidence.own]
    return [
        judge_budget(budget, values, effort=effort, ended=ended, show=judged.show) for values in per_variant
    ]


def _values(evidence: Evidence, variant: str, judged: Metric) -> list[float]:
    return [judged.read(datum) for datum in evidence.data(variant)]


def _broken(
    evidence: Evidence, statement: Statement, statements: Sequence[Statement], names: Sequence[str]
) -> str | None:
    """Why this statement cannot be judged at all, in words; None if it can."""
    if evidence.complaints:
        return "; ".join(evidence.complaints)
    judged = metric(statement.metric)
    if judged.kind == "counted":
        return None
    if evidence.caution:
        return evidence.caution
    limit = error_limit(statements)
    for name in names:
        failed = f"{judged.name} of a server that fails says nothing: {describe_failures(evidence, name)}"
        if (rate := _error_rate(evidence, name)) > limit:
            return f"{failed} ({_show(rate)}, allowed {_show(limit)})"
        if not isinstance(statement, Budget) and not all(
            0 < value < math.inf for value in _values(evidence, name, judged)
        ):
            return f"a slot without one usable {judged.name}; {failed}"
    return None


def error_limit(statements: Sequence[Statement]) -> float:
    """The share of requests that may be not ok."""
    return max((s.limit for s in statements if isinstance(s, Budget) and s.metric == "errors"), default=1.0)


def _hopeless(evidence: Evidence, statements: Sequence[Statement]) -> bool:
    limit = error_limit(statements)
    rates = {variant: _error_rate(evidence, variant) for variant in evidence.variants}
    return any(
        rate > limit + HOPELESS_ERRORS or (rate > limit and _hangs(evidence, variant))
        for variant, rate in rates.items()
    )


def _hangs(evidence: Evidence, variant: str) -> bool:
    """Whether a server answered nothing at all in its latest slot: waiting for it takes a timeout each time."""
    slots = evidence.slots(variant)
    return bool(slots) and not slots[-1].samples.answers


def _error_rate(evidence: Evidence, variant: str) -> float:
    return metric("errors").read(evidence.slots(variant))


def _show(share: float) -> str:
    return metric("errors").show(share)
