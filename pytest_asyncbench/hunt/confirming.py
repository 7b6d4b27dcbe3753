"""The last look at what a hunt has found: the slowest and the typical request side by side, and the verdicts on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

from pytest_asyncbench.hunt.quarry import Quarry
from pytest_asyncbench.hunt.timing import Batch, Sender, share_above
from pytest_asyncbench.metrics import metric
from pytest_asyncbench.verdict.budget import judge_budget
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.statements import Budget
from pytest_asyncbench.verdict.verdict import Verdict

LEAST = 0.1
"""Seconds that a batch should take at least."""
MOST_REPEATS = 10


@dataclass(frozen=True, slots=True)
class Sight:
    """One round: both requests, each sent a few times in a row."""

    slowest: Batch
    typical: Batch


def confirm(
    sender: Sender, quarry: Quarry, seed: int, until: float, most: int, decided: Callable[[list[Sight]], bool]
) -> list[Sight]:
    """Rounds of both requests in an order drawn by a coin, until `decided`, or `until` (of the sender's clock), or
    `most` of them. The first round tells how often each is sent in the others, and is dropped."""
    coin = Random(seed)
    requests = [quarry.slowest] if quarry.slowest is quarry.typical else [quarry.slowest, quarry.typical]
    repeats = [1] * len(requests)
    sights: list[Sight] = []
    longest = 0.0
    for number in range(most + 1):
        began = sender.now()
        if began + longest >= until or decided(sights):
            break
        batches: dict[int, Batch] = {}
        for place in coin.sample(range(len(requests)), len(requests)):
            batches[place] = sender.send(requests[place], repeats[place])
        if number:
            sights.append(Sight(batches[0], batches[len(requests) - 1]))
        else:
            repeats = [_repeats(batches[place].latency) for place in range(len(requests))]
        longest = max(longest, sender.now() - began)
    return sights


def judge_latency(
    budget: Budget, quarry: Quarry, sights: Sequence[Sight], effort: Effort, *, ended: bool
) -> Verdict | None:
    """What a limit of the latency came to; None: not yet decided.

    The rule is applied to the medians of the rounds. A budget of p95 is broken by a request whose median is above it,
    and kept by one whose median is below and of whose answers at most 5 % are above; between, it is undecided.
    """
    judged = metric(budget.metric)
    verdict = judge_budget(
        budget, [sight.slowest.latency for sight in sights], effort=effort, ended=ended, show=judged.show
    )
    if verdict is None:
        return None
    above, total = share_above(budget.limit, [sight.slowest for sight in sights])
    if verdict.outcome == "PASS" and above > (1 - (judged.percentile or 0.0)) * total:
        over = f"{above} of its {total} answers took longer than {judged.show(budget.limit)}"
        verdict = replace(verdict, outcome="INCONCLUSIVE", why=f"{verdict.why}, but {over}")
    return replace(verdict, why=f"{verdict.why}: {quarry.slowest!r}")


def _repeats(latency: float) -> int:
    return max(1, min(MOST_REPEATS, round(LEAST / latency) if latency > 0 else MOST_REPEATS))
