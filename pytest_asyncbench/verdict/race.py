"""A race of many variants: who is dropped, who goes on, and when it is over. Pure: values in, standing out.

Successive elimination on the paired ratios (Even-Dar, Mannor and Mansour, 2006), with the exact signed-rank test in the
place of a bound on the noise: at planned looks every variant that is worse than another one, by more than the margin
and with evidence, is dropped.

The truly best variant is dropped only if one of the k - 1 others seems better at one of the looks. Each of them may
spend 1/(k - 1) of the error allowed, over all looks together, so all of them spend no more than that, whoever is
compared with whom, and whenever a variant was dropped. As everywhere it is the coin that promises this, and no model
of the noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil, log, sqrt

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.verdict.datum import log_of, paired, ratio_of
from pytest_asyncbench.verdict.giving_up import CHANCE, normal_quantile
from pytest_asyncbench.verdict.signed_rank import FIRST_LOOK, largest_k, middle, tail, walsh_averages

Values = Mapping[str, Sequence[float]]
"""One positive, finite value per datum of each variant, from the first on; a variant that was dropped has fewer."""

AT_FIRST = 0.5
"""Share of the error that the first look may spend: most losers lose by far, and cost the least if they go early."""
CLOSER = 1.25
"""Each look comes after so many times the rounds of the one before: a loser seldom waits long for the next."""
MOST = 100


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides a race that `variants` begin.

    A variant is dropped if it is worse than another one by more than the factor `by`. `confidence` is the probability,
    at least, with which the best is not dropped; `rounds` the number of data at most. Raises SpecError for numbers with
    which nothing could ever be dropped.
    """

    variants: int
    by: float = 1.0
    confidence: float = 0.95
    rounds: int = 30
    more_is_better: bool = True

    def __post_init__(self) -> None:
        if log_of(self.by, "by") < 0:
            raise SpecError(f"by={self.by!r}: that is a factor of 1 or more")
        if self.variants > MOST:
            raise SpecError(f"{self.variants} variants: a race is for {MOST} at most")
        if not self.looks:
            raise SpecError(
                f"with confidence={self.confidence:g} none of {self.variants} variants can be dropped within "
                f"{self.rounds} rounds: ask for more rounds, fewer variants or less confidence"
            )

    @property
    def looks(self) -> tuple[tuple[int, int], ...]:
        """(rounds, k) of every look: one variant is better than another if fewer than k of the Walsh averages of
        their log ratios are at or below the margin."""
        return race_looks(round(1 - self.confidence, 12) / max(1, self.variants - 1), self.rounds)


@lru_cache(maxsize=64)
def race_looks(alpha: float, cap: int) -> tuple[tuple[int, int], ...]:
    """(rounds, k) of every look of one variant at another, which spend `alpha` together at most.

    The first look comes as soon as rounds that all agree are rare enough for `AT_FIRST` of it, but not before that of
    the rule; the last after `cap` rounds. What a look leaves unused carries over.
    """
    first = FIRST_LOOK
    while first < cap and 0.5**first > AT_FIRST * alpha:
        first += 1
    rounds = [first]
    while 5 * (following := ceil(rounds[-1] * CLOSER)) <= 4 * cap:
        rounds.append(following)
    share = max(0.5**first / alpha, first / cap)
    plan: list[tuple[int, int]] = []
    spent = 0.0
    for n in (*(n for n in rounds if n < cap), cap):
        k = largest_k(n, alpha * _spent(n, first, cap, share) - spent)
        spent += tail(n, k)
        plan.append((n, k))
    return tuple((rounds, k) for rounds, k in plan if k)


def _spent(n: int, first: int, cap: int, share: float) -> float:
    """The share of the error that may be spent up to a look: `share` at the first, all of it at the last, and on a
    straight line in between."""
    return 1.0 if n >= cap else share + (1 - share) * (n - first) / (cap - first)


@dataclass(frozen=True, slots=True)
class Drop:
    """`variant` was dropped after `rounds` data: `better` was better than it, by `ratio` at about."""

    variant: str
    better: str
    rounds: int
    ratio: float


@dataclass(frozen=True, slots=True)
class Standing:
    """Who is `running` after `rounds` data, the best first, and who was `dropped`, in that order. `over`: nobody is
    left to be dropped, or is likely to be."""

    running: tuple[str, ...]
    dropped: tuple[Drop, ...] = ()
    rounds: int = 0
    over: bool = False

    def without(self, variant: str) -> Standing:
        """The same when a variant had to be taken out."""
        left = tuple(name for name in self.running if name != variant)
        return replace(self, running=left, over=self.over or len(left) < 2)


def after(standing: Standing, values: Values, rules: Rules) -> Standing:
    """The standing after all looks that the values of those still running allow.

    Looks that were passed already are not repeated. Raises SpecError for values of which there is no ratio.
    """
    for rounds, k in rules.looks:
        known = min((len(values[name]) for name in standing.running), default=0)
        if standing.over or len(standing.running) < 2:
            return replace(standing, over=True)
        if rounds <= standing.rounds:
            continue
        if rounds > known:
            break
        standing = _look(
            standing, {name: values[name][:rounds] for name in standing.running}, rules, rounds, k
        )
    return standing


def ranked(values: Values, more_is_better: bool = True) -> tuple[str, ...]:
    """Names from the best to the worst by the rounds that all of them have.

    By each one's distance from the mean of its rounds: that leaves out what a round as a whole was worth.
    """
    rounds = min(map(len, values.values()), default=0)
    logs = {name: [log(value) for value in given[:rounds]] for name, given in values.items()}
    means = [sum(row) / len(row) for row in zip(*logs.values(), strict=True)]
    sign = 1 if more_is_better else -1
    scores = {
        name: sign * middle(walsh_averages([v - mean for v, mean in zip(own, means, strict=True)]))
        if own
        else 0.0
        for name, own in logs.items()
    }
    return tuple(sorted(values, key=lambda name: -scores[name]))


def _look(standing: Standing, values: Values, rules: Rules, rounds: int, k: int) -> Standing:
    order = ranked(values, rules.more_is_better)
    drops = [drop for name in order if (drop := _drop(name, order, values, rules, rounds, k))]
    left = tuple(name for name in order if name not in {drop.variant for drop in drops})
    if not left:  # each worse than another, in a circle: evidence of nothing
        drops, left = [], order
    is_last = rounds == rules.looks[-1][0]
    over = (
        is_last or len(left) < 2 or (rounds > rules.looks[0][0] and _is_settled(left, values, rules, rounds))
    )
    return Standing(left, (*standing.dropped, *drops), rounds, over)


def _drop(name: str, order: Sequence[str], values: Values, rules: Rules, rounds: int, k: int) -> Drop | None:
    """That a variant is out because another one is better; the best of those that are."""
    for better in order:
        if better == name:
            continue
        logs = _advantage(values, better, name, rules)
        if at_or_below(logs, log(rules.by)) < k:
            return Drop(name, better, rounds, ratio_of(middle(walsh_averages(logs))))
    return None


def _is_settled(left: Sequence[str], values: Values, rules: Rules, rounds: int) -> bool:
    """Whether the best of those left would hardly come to beat any of them: they are ties, then.

    This can only keep variants in; so it cannot add to the error.
    """
    best, *others = left
    t = rounds / rules.looks[-1][0]
    needed = sqrt(t) * (normal_quantile(tail(*rules.looks[-1])) - CHANCE * sqrt(max(0.0, 1 - t)))
    return all(_evidence(_advantage(values, best, name, rules), log(rules.by)) < needed for name in others)


def _advantage(values: Values, better: str, worse: str, rules: Rules) -> list[float]:
    """By how much the one is better than the other in each round, as logarithms."""
    return paired(values, better, worse) if rules.more_is_better else paired(values, worse, better)


def at_or_below(logs: Sequence[float], margin: float) -> int:
    """How many Walsh averages are at or below the margin, without making all of them: the signed-rank sum."""
    shifted = sorted((value - margin for value in logs), key=lambda value: (abs(value), value <= 0))
    return sum(rank for rank, value in enumerate(shifted, 1) if value <= 0)


def _evidence(logs: Sequence[float], margin: float) -> float:
    """The signed-rank z against the margin: positive where most Walsh averages lie above it."""
    n = len(logs)
    above = n * (n + 1) // 2 - 2 * at_or_below(logs, margin)
    return above / sqrt(n * (n + 1) * (2 * n + 1) / 6)
