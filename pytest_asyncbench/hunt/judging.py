"""What may be stated about a hunt, and what it came to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.hunt.confirming import judge_latency
from pytest_asyncbench.hunt.slowest import Slowest
from pytest_asyncbench.judging import Judgement, judge_all
from pytest_asyncbench.metrics import OF_THE_SERVER, metric
from pytest_asyncbench.verdict.budget import judge_count
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.statements import Budget, SinceBaseline, Statement

MOST_BROKEN = 5
"""Requests that are told of those that were not answered ok."""
LATENCIES = ("mean", "p50", "p95", "p99")


def require_judgeable(statements: Iterable[Statement], servers: Sequence[str], call: str) -> None:
    """Raises SpecError for a hunt on several servers, and for statements that a hunt cannot keep."""
    if len(servers) > 1:
        raise SpecError(
            f"{call} is about one server, and the test has several ({', '.join(servers)}); "
            'run it once for each: parametrize("server", [spec, ...], indirect=True)'
        )
    for statement in statements:
        if isinstance(statement, SinceBaseline):
            raise SpecError(
                f"{statement}: that is about one load, and a hunt may find another request each time; name the run "
                'that it holds for, no_regression(..., run="name")'
            )
        if isinstance(statement, Budget) and not (_is_latency(statement) or _is_counted(statement)):
            raise SpecError(
                f"budget({statement.metric}=...) is about a server under load, and {call} sends one request at a "
                'time; name the run that it holds for, budget(..., run="name")'
            )


def latency_budgets(statements: Iterable[Statement]) -> list[Budget]:
    """The limits that the latency of the slowest request must keep."""
    return [each for each in statements if isinstance(each, Budget) and _is_latency(each)]


def judge_hunt(
    statements: Iterable[Statement], found: Slowest, server: str, failed: int, effort: Effort
) -> list[Judgement]:
    """What each statement came to on `server`; `failed` of the hunt's requests were not answered ok."""
    budgets = [each for each in statements if isinstance(each, Budget)]
    return [item for budget in budgets for item in _judge(budget, found, server, failed, effort)]


def _judge(budget: Budget, found: Slowest, server: str, failed: int, effort: Effort) -> list[Judgement]:
    evidence = found.run.evidence
    if evidence.complaints:
        return [Judgement(budget, server, "INVALID", "; ".join(evidence.complaints))]
    if budget.metric == "errors":
        return [_judge_errors(budget, found, server, failed)]
    if _is_counted(budget):
        return list(judge_all(evidence, [budget], effort))
    if not found.sights:
        why = "time or requests were used up before the slowest request could be looked at again"
        return [Judgement(budget, server, "INCONCLUSIVE", why)]
    verdict = judge_latency(budget, found.quarry, found.sights, effort, ended=True)
    if verdict is None:
        return []
    return [Judgement(budget, server, verdict.outcome, verdict.why, verdict)]


def _judge_errors(budget: Budget, found: Slowest, server: str, failed: int) -> Judgement:
    share = failed / max(1, found.requests)
    verdict = judge_count(budget, share, show=metric("errors").show, where=f"{found.requests} requests")
    if verdict.outcome != "FAIL":
        return Judgement(budget, server, verdict.outcome, verdict.why, verdict)
    why = verdict.why
    if found.broken:
        why = f"{why}; such an answer is an error, and not slow: if it is meant, say expect={{200, 400}}"
    details = tuple(f"{each.request!r}: {each.why}" for each in found.broken[:MOST_BROKEN])
    return Judgement(budget, server, verdict.outcome, why, verdict, details)


def _is_latency(budget: Budget) -> bool:
    entry = metric(budget.metric)
    of_a_request = entry.kind == "sampled" and entry.unit == "s" and entry.name not in OF_THE_SERVER
    return of_a_request and entry.name in LATENCIES


def _is_counted(budget: Budget) -> bool:
    return metric(budget.metric).kind == "counted"
