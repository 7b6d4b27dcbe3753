"""Launches of one program differ, and rounds of one launch cannot see it: close verdicts are confirmed on fresh ones.

`verdict/` knows nothing of this; it is applied around it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.judging import Judgement, decided, judge_all
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.goal import Goal
from pytest_asyncbench.measure.progress import Progress
from pytest_asyncbench.measure.sampling import sample
from pytest_asyncbench.measure.subject import LoadAgent, Subject
from pytest_asyncbench.measure.supply import Supply
from pytest_asyncbench.metrics import metric
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.verdict.clearance import clearance, is_bare
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.statements import NoRegression, Statement

ROUNDS_PER_LAUNCH = 3
"""Rounds of one launch that make one datum; a launch and its warm-up cost as much time as several rounds."""
MOST_LAUNCHES = 12
"""Fresh launches on which a verdict is confirmed, at most."""
FEWEST_LAUNCHES = 6
"""After how many of them the rule looks for the first time: six that all agree are one chance in 64."""
LEAST_SURE = 0.5
ANOTHER = 1_000_003
"""Added to the seed for each launch, so that each draws orders of its own."""


@dataclass(frozen=True, slots=True)
class Launches:
    """How the test's servers are started anew, and put under load.

    `relaunch` gives the fresh ones; `impossible` says why that cannot be, `allowance` is the factor by which launches
    may differ, `until` the reading of `time.monotonic` at which there is no more time.
    """

    agent: LoadAgent
    relaunch: Callable[[], Sequence[Subject]]
    progress: Callable[[LoadPlan], Progress]
    supply: Supply
    plan: LoadPlan
    seed: int
    until: float
    allowance: float
    impossible: str = ""


def needs_fresh_launches(statements: Sequence[Statement], allowance: float) -> bool:
    """Whether every datum must come from launches of its own: a claim without a margin is about nothing else."""
    return allowance > 1 and any(map(is_bare, statements))


def confirm(
    evidence: Evidence, judgements: Sequence[Judgement], effort: Effort, goal: Goal, launches: Launches
) -> tuple[Evidence, tuple[Judgement, ...]]:
    """Verdicts of one launch, those in doubt confirmed on fresh launches or INCONCLUSIVE; and what that was seen on.

    In doubt is a verdict that clears its margin by less than the allowance, and every regression that was found.
    """
    close = [item for item in judgements if _is_close(item, launches.allowance)]
    doubtful = [item for item in judgements if item in close or _is_regression(item)]
    if not doubtful or launches.allowance <= 1:
        return evidence, tuple(judgements)
    if launches.impossible:
        return evidence, tuple(_unconfirmed(item, launches, item in close) for item in judgements)
    a_round = evidence.seconds / max(1, len(evidence.rounds))
    if time.monotonic() + a_round > launches.until:
        why = "not confirmed on fresh launches: max_time was over"
        return evidence, tuple(_taken_back(item, why) if item in doubtful else item for item in judgements)
    statements = [item.statement for item in doubtful]
    if close:
        effort = confirming_effort(effort)
        confirming = sample_launches(
            None, statements, effort, goal, launches, max(ROUNDS_PER_LAUNCH, evidence.merged)
        )
    else:
        effort = replace(effort, launch_allowance=1.0)
        confirming = _once_more(statements, effort, goal, launches)
    seconds = {item.statement: item for item in judge_all(confirming, statements, effort)}
    number = max(1, len(confirming.rounds) // confirming.merged) if close else 1
    told = tuple(
        _confirmed(item, seconds[item.statement], number) if item in doubtful else item for item in judgements
    )
    seconds_in_all = evidence.seconds + confirming.seconds
    return replace(evidence, confirming=confirming, seconds=seconds_in_all), told


def confirming_effort(effort: Effort) -> Effort:
    """How sure fresh launches must be to confirm a verdict that was given with `effort`.

    With the truth at the margin the first launch errs to either side alike, so in half of all runs at most; fresh ones
    know nothing of it. Half of twice the error is the error promised.
    """
    return Effort(max(LEAST_SURE, 1 - 2 * effort.alpha), MOST_LAUNCHES, first_look=FEWEST_LAUNCHES)


def sample_once(subjects: Sequence[Subject], goal: Goal, launches: Launches) -> Evidence:
    """What is measured on servers that run already. Raises SpecError if the plan cannot be measured in time."""
    return _sampled(subjects, 0, goal, launches)


def sample_launches(
    first: Sequence[Subject] | None,
    statements: Sequence[Statement],
    effort: Effort,
    goal: Goal,
    launches: Launches,
    rounds: int = ROUNDS_PER_LAUNCH,
) -> Evidence:
    """So many rounds of launch after launch, each launch one datum, until the statements are decided or time is up.

    `first` are servers that run already, and are the first launch; None: all are fresh. A percentile may need more
    rounds than `rounds` for a datum. Raises ProcessError if a server does not start again.
    """
    parts: list[Evidence] = []
    longest = 0.0
    while True:
        began = time.monotonic()
        subjects = first if first is not None and not parts else launches.relaunch()
        parts.append(_one_launch(subjects, len(parts), rounds, goal, launches))
        rounds = max(rounds, parts[0].merged)
        whole = joined(parts, rounds, launches.seed, effort.max_rounds)
        ended = time.monotonic()
        longest = max(longest, ended - began)
        data = len(whole.rounds) // rounds
        if whole.complaints or len(parts[-1].rounds) < rounds or ended + longest > launches.until:
            return whole
        if data >= effort.max_rounds or decided(whole, statements, effort, effort.max_rounds * rounds):
            return whole


def joined(parts: Sequence[Evidence], rounds: int, seed: int, cap: int) -> Evidence:
    """The evidence of several launches as one, in which each launch is a datum of so many rounds.

    A launch that was not measured so long is left out; its answers count all the same.
    """
    kept = [part.rounds[:rounds] for part in parts if len(part.rounds) >= rounds]
    outside = {
        name: sum(part.ok(name) for part in parts)
        - sum(
            slot.samples.ok_total for whole in kept for row in whole for slot in row if slot.variant == name
        )
        for name in parts[0].variants
    }
    return replace(
        parts[0],
        rounds=tuple(row for whole in kept for row in whole),
        seed=seed,
        cap=cap,
        merged=rounds,
        complaints=tuple(dict.fromkeys(text for part in parts for text in part.complaints)),
        notes=tuple(dict.fromkeys(text for part in parts for text in part.notes)),
        ok_before=outside,
        seconds=sum(part.seconds for part in parts),
        voided=tuple(why for part in parts for why in part.voided),
    )


def _one_launch(
    subjects: Sequence[Subject], number: int, rounds: int, goal: Goal, launches: Launches
) -> Evidence:
    wanted = replace(
        goal, cap=rounds, decided=lambda evidence: len(evidence.rounds) >= max(rounds, evidence.merged)
    )
    return _in_time(subjects, number, wanted, launches)


def _once_more(statements: Sequence[Statement], effort: Effort, goal: Goal, launches: Launches) -> Evidence:
    """The same rounds again, on one fresh launch."""
    again = replace(goal, decided=lambda evidence: decided(evidence, statements, effort, effort.max_rounds))
    return _in_time(launches.relaunch(), 1, again, launches)


def _sampled(subjects: Sequence[Subject], number: int, goal: Goal, launches: Launches) -> Evidence:
    plan = replace(launches.plan, max_time=max(0.0, launches.until - time.monotonic()))
    seed = launches.seed + number * ANOTHER
    return sample(launches.agent, subjects, plan, goal, seed, launches.progress(plan), launches.supply)


def _in_time(subjects: Sequence[Subject], number: int, goal: Goal, launches: Launches) -> Evidence:
    """The same; without any round, if what was planned does not fit into the time that is left."""
    try:
        return _sampled(subjects, number, goal, launches)
    except SpecError as error:
        specs = {subject.variant: subject.spec for subject in subjects}
        return Evidence(launches.plan, specs, (), launches.seed, goal.cap, notes=(str(error),))


def _is_close(judgement: Judgement, allowance: float) -> bool:
    """Whether launches that differ as much as they may could have made this verdict."""
    found = judgement.verdict
    return (
        found is not None
        and _is_sampled(judgement.statement)
        and clearance(judgement.statement, found) < math.log(allowance)
    )


def _is_sampled(statement: Statement) -> bool:
    """What is counted is the same in every launch."""
    return metric(statement.metric).kind == "sampled"


def _is_regression(judgement: Judgement) -> bool:
    stated = judgement.statement
    return isinstance(stated, NoRegression) and judgement.outcome == "FAIL" and _is_sampled(stated)


def _confirmed(first: Judgement, second: Judgement, launches: int) -> Judgement:
    """One verdict of two: the first, if the second is the same."""
    number = f"{launches} fresh launch{'es' * (launches != 1)}"
    if second.outcome == first.outcome and second.verdict:
        seen = f"{second.verdict.ratio:.4g} [{second.verdict.low:.4g}, {second.verdict.high:.4g}]"
        return replace(first, why=f"{first.why}; confirmed on {number}: {seen}")
    if second.outcome == "INVALID":
        return replace(first, outcome="INVALID", why=f"on {number}: {second.why}")
    return _taken_back(first, f"not confirmed on {number}: {second.why}")


def _unconfirmed(first: Judgement, launches: Launches, is_close: bool) -> Judgement:
    """A verdict that would have to be confirmed, and cannot be."""
    if is_close:
        within = f"by less than the {(launches.allowance - 1) * 100:.3g} % by which launches may differ"
        return _taken_back(first, f"{within}, and {launches.impossible}")
    if _is_regression(first):
        return replace(first, why=f"{first.why}; not confirmed on a fresh launch: {launches.impossible}")
    return first


def bare_is_undecided(judgement: Judgement, launches: Launches) -> Judgement:
    """A claim without a margin that was measured on one launch."""
    if not is_bare(judgement.statement) or judgement.outcome == "INVALID":
        return judgement
    text = "a claim without a margin needs fresh launches for every datum, and " + launches.impossible
    return _taken_back(judgement, f"{text}; claim a margin, by='5%'")


def _taken_back(judgement: Judgement, why: str) -> Judgement:
    text = f"{judgement.why}; {why}"
    found = judgement.verdict
    undecided = replace(found, outcome="INCONCLUSIVE", why=text) if found else None
    return replace(judgement, outcome="INCONCLUSIVE", why=text, verdict=undecided)
