"""Looks at the variants of a test before load starts: what they answer, what it costs, whether that can be compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pytest_asyncbench.agent.client import SlotCancelled
from pytest_asyncbench.diagnosis.fairness import Work, differing, unfair
from pytest_asyncbench.diagnosis.preflight import slowing, too_many_connections
from pytest_asyncbench.marks import CONNECTIONS
from pytest_asyncbench.measure.answers import Answers
from pytest_asyncbench.measure.counting import OPEN_USERS, Counting
from pytest_asyncbench.measure.subject import Subject
from pytest_asyncbench.traffic.load_plan import LoadPlan


@dataclass(frozen=True, slots=True)
class Examined:
    """Why the variants cannot be compared, what is worth knowing, and ok answers by variant.

    `refused` has the same reasons by their names: what the variants of the test differ in, or "connections".
    """

    complaints: tuple[str, ...]
    notes: tuple[str, ...]
    ok: dict[str, int]
    refused: dict[str, str] = field(default_factory=dict)


def examine(
    subjects: Sequence[Subject],
    plan: LoadPlan,
    counting: Counting,
    differs: Collection[str],
    stop: Callable[[], bool],
    references: Mapping[str, Subject] | None = None,
    looked: Mapping[str, Answers] | None = None,
) -> Examined:
    """Look at all variants, one after another. They may differ in `differs`. Raises SlotCancelled when told to stop.

    `looked` is what they answered, if somebody has looked already. `references` are what variants are compared with
    beside each other, by the variant: what their answers differ in is worth knowing, and may be what a change is about.
    """
    old = references or {}
    everyone = [*subjects, *old.values()]
    if counting.complaints:
        return Examined((), (), {})
    answers = dict(looked or look_at(everyone if len(everyone) > 1 else (), plan, stop))
    complaints: list[str] = []
    refused: dict[str, str] = {}
    notes = [text for subject in subjects for text in slowing(subject.variant, subject.spec)]
    if answers:
        works = {subject.variant: _work(subject, answers[subject.variant], counting) for subject in everyone}
        own = {subject.variant: works[subject.variant] for subject in subjects}
        refused |= differing(own, differs)
        complaints += unfair(own, differs)
        notes += [
            note for name, other in old.items() if (note := _changed(name, other.variant, works, differs))
        ]
    if preflight := _connections(subjects, plan, counting):
        complaints.append(preflight)
        refused[CONNECTIONS] = preflight
    elif crowded := _connections(everyone, plan, counting):
        complaints += [f"{subject.variant}: {crowded}" for subject in old.values()]
    ok = {name: found.ok for name, found in answers.items()}
    return Examined(tuple(complaints), tuple(notes), ok, refused)


def look_at(subjects: Sequence[Subject], plan: LoadPlan, stop: Callable[[], bool]) -> dict[str, Answers]:
    """What each variant answers to some requests, one after another. Raises SlotCancelled when told to stop."""
    answers: dict[str, Answers] = {}
    for subject in subjects:
        answers[subject.variant] = _look(subject, plan, stop)
        if stop():
            raise SlotCancelled("the load was cancelled while the variants were looked at")
    return answers


def _changed(name: str, other: str, works: Mapping[str, Work], differs: Collection[str]) -> str:
    found = differing({name: works[name], other: works[other]}, differs)
    return f"{name} does not do the same work as {other}: {'; '.join(found.values())}" if found else ""


def _look(subject: Subject, plan: LoadPlan, stop: Callable[[], bool]) -> Answers:
    from pytest_asyncbench.measure.probe import look  # parses answers with httptools, as the load agent does

    expecting = replace(plan.expecting, every=1) if plan.expecting else None
    return look(subject.target, subject.requests, expecting, plan.timeout, stop)


def _work(subject: Subject, answers: Answers, counting: Counting) -> Work:
    found = counting.bursts.get(subject.variant)
    database = subject.watcher.database if subject.watcher else None
    settings = database.observer.settings(database.name) if database else ()
    return Work(answers, found.counts if found else None, settings)


def _connections(subjects: Sequence[Subject], plan: LoadPlan, counting: Counting) -> str:
    databases = [subject.watcher.database for subject in subjects if subject.watcher]
    most = next((database.observer.most_connections for database in databases if database is not None), 0)
    if not most:
        return ""
    specs = {subject.variant: subject.spec for subject in subjects}
    counts = {name: burst.counts for name, burst in counting.bursts.items() if name in specs}
    users = plan.users if plan.rate is None else _in_flight(plan.rate, plan.max_in_flight, counting)
    return too_many_connections(specs, counts, users, most)


def _in_flight(rate: float, most: int, counting: Counting) -> int:
    """How many requests of an open loop to expect at once: twice what they would be if each was alone."""
    longest = max(counting.alone.values(), default=0.0)
    return min(most, max(OPEN_USERS, math.ceil(2 * rate * longest)))
