"""The variants of a test as they are in another revision, beside those of now: started when a load call is to be judged
against them.

One that does not run there, or answers otherwise, is not comparable: that is said, and fails nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pytest_asyncbench.baseline.revision import Revision
from pytest_asyncbench.errors import AsyncBenchError
from pytest_asyncbench.measure.watching import Watcher
from pytest_asyncbench.servers.instance import Instance
from pytest_asyncbench.servers.spec import ServerSpec
from pytest_asyncbench.verdict.statements import NoRegression, SinceBaseline, Statement


class OldStage(Protocol):
    """Where one variant of the revision runs; as the test's own stage."""

    def instances(self) -> Mapping[str, Instance]: ...

    def relaunch(self) -> Mapping[str, Instance]: ...

    def watchers(self) -> Mapping[str, Watcher]: ...

    def logs(self) -> Mapping[str, str]: ...


@dataclass(slots=True)
class Counterparts:
    """For each of a test's `specs`, the same in `revision`; `prepare` makes the stage on which it runs, or raises why
    not.

    `default` guards every load call that states nothing about a baseline itself. `why` tells of each counterpart that
    is not comparable why it is not.
    """

    revision: Revision
    specs: Mapping[str, ServerSpec]
    prepare: Callable[[str, ServerSpec], OldStage]
    default: SinceBaseline | None = None
    why: dict[str, str] = field(default_factory=dict)
    _stages: dict[str, OldStage] = field(default_factory=dict)

    def of(self, variant: str) -> str:
        """What a variant's counterpart is called in tables and statements: "pooled@main"."""
        return f"{variant}@{self.revision.short}"

    def instances(self) -> Mapping[str, Instance]:
        """The running counterparts by the names of the test's own variants, without those that are not comparable."""
        return self._running(lambda stage: stage.instances())

    def relaunch(self) -> Mapping[str, Instance]:
        """The same, started anew."""
        return self._running(lambda stage: stage.relaunch())

    def _running(self, start: Callable[[OldStage], Mapping[str, Instance]]) -> Mapping[str, Instance]:
        found = {}
        for variant, spec in self.specs.items():
            name = self.of(variant)
            if name in self.why:
                continue
            try:
                if name not in self._stages:
                    self._stages[name] = self.prepare(name, spec)
                found[variant] = start(self._stages[name])[name]
            except AsyncBenchError as error:
                self.give_up(name, str(error) or type(error).__name__)
        return found

    def watcher(self, variant: str) -> Watcher | None:
        """What looks at the running counterpart of one of the test's own variants."""
        name = self.of(variant)
        return self._stages[name].watchers().get(name)

    def logs(self) -> Mapping[str, str]:
        """What each counterpart's server wrote, also when it has been stopped."""
        return {name: text for stage in self._stages.values() for name, text in stage.logs().items()}

    def give_up(self, name: str, why: str) -> None:
        """This counterpart is not comparable in this test, from now on."""
        self.why.setdefault(name, headline(why))

    def guards(self, statements: Sequence[Statement]) -> list[SinceBaseline]:
        """What is to be judged against the revision: what is stated, and else the default."""
        stated = [statement for statement in statements if isinstance(statement, SinceBaseline)]
        return stated or ([self.default] if self.default is not None else [])

    def notes(self, names: Sequence[str]) -> list[str]:
        """Which of these counterparts are not comparable, and why."""
        return [f"{name}: not comparable: {self.why[name]}" for name in names if name in self.why]


def without_baseline(statements: Sequence[Statement]) -> list[Statement]:
    """The statements that need no baseline."""
    return [statement for statement in statements if not isinstance(statement, SinceBaseline)]


def paired(guards: Sequence[SinceBaseline], variant: str, old: str) -> list[Statement]:
    """The guards about one variant and its counterpart."""
    return [NoRegression(variant, old, guard.metric, guard.within, run=guard.run) for guard in guards]


def headline(error: str) -> str:
    """An error in one line: what happened, and the exception that a log shows at its end, if it shows one."""
    text = re.sub(r"[^\s'\"=:]*/asyncbench-revision-\w+/tree/", "", error)
    first, *rest = [line.strip() for line in text.splitlines() if line.strip()]
    first = first.removesuffix("Its last lines:").strip()
    raised = [
        line
        for line in rest
        if re.match(r"([\w.]*(Error|Exception|NotFound|Exit)\b|ERROR:|psql:\S+ ERROR:)", line)
    ]
    return f"{first.rstrip('.:')}: {raised[-1]}" if raised else first
