"""The other side of one load call: the counterparts that take part, and what is judged of each pair."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from pytest_asyncbench.baseline.counterparts import Counterparts, paired
from pytest_asyncbench.errors import AsyncBenchError, NotComparable
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.failures import describe_failures
from pytest_asyncbench.measure.slot import Slot
from pytest_asyncbench.measure.subject import Subject
from pytest_asyncbench.measure.watching import Watcher
from pytest_asyncbench.servers.instance import Instance
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.outcomes import OK, OUTCOMES
from pytest_asyncbench.traffic.samples import SlotResult
from pytest_asyncbench.verdict.statements import Statement

SubjectOf: TypeAlias = Callable[[str, Instance, Watcher | None], Subject]
"""Puts a running counterpart under load, by its name."""


@dataclass(frozen=True, slots=True)
class Opposite:
    """The counterparts of a load call, and the statements about each pair; `notes` say who is left out, and why.

    `by_variant` has those that take part, by the test's own variants.
    """

    statements: tuple[Statement, ...] = ()
    by_variant: Mapping[str, Subject] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    surroundings: tuple[str, ...] = ()

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """The counterparts that take part."""
        return tuple(self.by_variant.values())

    @property
    def names(self) -> tuple[str, ...]:
        """What the counterparts are called."""
        return tuple(subject.variant for subject in self.by_variant.values())


def opposite(
    counterparts: Counterparts | None,
    own: Sequence[Subject],
    statements: Sequence[Statement],
    subject_of: SubjectOf,
    ask: Callable[[Subject], SlotResult],
) -> Opposite:
    """Start the counterparts of the subjects `own`, and keep those that answer where the test's own variant does.

    `ask` sends one request to a subject.
    """
    guards = counterparts.guards(statements) if counterparts is not None else []
    if counterparts is None or not guards:
        return Opposite()
    running = counterparts.instances()
    found: dict[str, Subject] = {}
    judged: list[Statement] = []
    for subject in own:
        name = counterparts.of(subject.variant)
        old = _comparable(counterparts, running, subject, name, subject_of, ask)
        if old is not None:
            found[subject.variant] = old
            judged += paired(guards, subject.variant, name)
    return Opposite(
        tuple(judged),
        found,
        tuple(counterparts.notes([counterparts.of(subject.variant) for subject in own])),
        (str(counterparts.revision),),
    )


def again(counterparts: Counterparts | None, old: Opposite, subject_of: SubjectOf) -> list[Subject]:
    """The counterparts that take part, started anew. Raises NotComparable for one that does not start again."""
    if counterparts is None or not old.by_variant:
        return []
    running = counterparts.relaunch()
    found = []
    for variant, subject in old.by_variant.items():
        server = _server(counterparts, variant)
        if server not in running:
            counterparts.give_up(subject.variant, counterparts.why[counterparts.of(server)])
            raise NotComparable(counterparts.why[subject.variant])
        found.append(subject_of(subject.variant, running[server], counterparts.watcher(server)))
    return found


def widened(plan: LoadPlan, counterparts: Counterparts | None) -> LoadPlan:
    """A plan of requests that are compared, with the same requests for the counterparts."""
    if counterparts is None or not plan.compared:
        return plan
    added = tuple((counterparts.of(name), what) for name, what in plan.compared)
    return replace(plan, compared=(*plan.compared, *added), name=plan.name or plan.label)


def _comparable(
    counterparts: Counterparts,
    running: Mapping[str, Instance],
    own: Subject,
    name: str,
    subject_of: SubjectOf,
    ask: Callable[[Subject], SlotResult],
) -> Subject | None:
    if name in counterparts.why:
        return None
    server = _server(counterparts, own.variant)
    if server not in running:
        counterparts.give_up(name, counterparts.why[counterparts.of(server)])
        return None
    old = subject_of(name, running[server], counterparts.watcher(server))
    if why := _refused(old, own, ask):
        counterparts.give_up(name, why)
        return None
    return old


def _server(counterparts: Counterparts, variant: str) -> str:
    """The server of a variant: requests that are compared are all sent to the test's one server."""
    return variant if variant in counterparts.specs else next(iter(counterparts.specs))


def _refused(old: Subject, own: Subject, ask: Callable[[Subject], SlotResult]) -> str:
    """What the counterpart does not answer, while the test's own variant does; empty if it answers."""
    try:
        then = ask(old)
        if _is_ok(then) or not _is_ok(ask(own)):
            return ""
    except AsyncBenchError:  # of the agent or an iterator: the measurement will tell
        return ""
    evidence = Evidence(LoadPlan(()), {old.variant: old.spec}, ((Slot(old.variant, 1, then),),), 0, 8)
    return describe_failures(evidence, old.variant).removeprefix(f"{old.variant}: ")


def _is_ok(result: SlotResult) -> bool:
    return set(result.outcome) <= {OUTCOMES.index(OK)}
