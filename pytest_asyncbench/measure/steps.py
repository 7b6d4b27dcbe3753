"""The figures of single requests of a mix, a list or a flow, by their names."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import compress
from operator import mul
from typing import TYPE_CHECKING

from pytest_asyncbench.errors import SpecError, UnknownValue
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.slot import Slot
from pytest_asyncbench.measure.value import Measure
from pytest_asyncbench.metrics import METRICS, OF_THE_SERVER, metric
from pytest_asyncbench.traffic.samples import SlotResult, StepSamples

if TYPE_CHECKING:
    from pytest_asyncbench.measure.run import VariantRun

NOTHING = StepSamples(array("f"), array("d"), b"", {})
"""Of a request that was not sent in a slot."""


class StepRun:
    """The values of one request of a mix or a flow: every metric by its name, and `.outcomes`.

    Its `rps` is its share of the whole rate: the steps' add up to the run's.
    """

    def __init__(self, name: str, run: VariantRun) -> None:
        self.name = name
        self.variant = run.variant
        self._run = run

    @property
    def outcomes(self) -> Mapping[str, int]:
        """How many of the measured requests of that name ended how."""
        return self._run.outcomes

    def measure(self, name: str) -> Measure:
        """The value of a metric. Raises SpecError for an unknown one, UnknownValue with the reason."""
        if metric(name).name in OF_THE_SERVER:
            raise UnknownValue(f"{name}: a server has it as a whole, not for {self.name!r}")
        return self._run.measure(name)

    def __getattr__(self, name: str) -> Measure:
        if name.startswith("_") or name not in METRICS:
            raise AttributeError(f"a step has no metric {name!r}; it has {', '.join(METRICS)}")
        return self.measure(name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *METRICS]

    def __repr__(self) -> str:
        return f"<step {self.name!r} of {self.variant}>"


class Steps(Mapping[str, StepRun]):
    """The requests of one variant's run by name: `run.steps["login"].p95`. Raises SpecError for an unknown name."""

    def __init__(self, run: VariantRun, evidence: Evidence) -> None:
        self._run = run
        self._evidence = evidence
        self._found: dict[str, StepRun] = {}
        self._names = step_names([slot.samples for slot in evidence.slots(run.variant)])

    def __getitem__(self, name: str) -> StepRun:
        if name not in self._names:
            shown = ", ".join(map(repr, self._names[:20])) or "none: nothing was measured"
            raise SpecError(f"no step {name!r}; there are {shown}{', ...' * (len(self._names) > 20)}")
        if name not in self._found:
            measured = step_evidence(self._evidence, self._run.variant, name)
            self._found[name] = StepRun(name, self._run.over(measured))
        return self._found[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def step_names(slots: Sequence[SlotResult]) -> list[str]:
    """The names of all requests, each once, in the order in which the plan has them, or the flow first sent them."""
    named = (slot.names if slot.steps is None else slot.steps for slot in slots)
    return list(dict.fromkeys(name for names in named for name in names))


def step_evidence(evidence: Evidence, variant: str, name: str) -> Evidence:
    """What was measured of one variant's requests of that name."""
    rounds = tuple(
        tuple(_of_step(slot, name) for slot in slots if slot.variant == variant) for slots in evidence.rounds
    )
    return replace(evidence, specs={variant: evidence.specs[variant]}, rounds=rounds)


def _of_step(slot: Slot, name: str) -> Slot:
    return Slot(slot.variant, slot.round, step_samples(slot.samples, name))


def step_samples(slot: SlotResult, name: str) -> SlotResult:
    """The samples of the requests of that name.

    `users` becomes their share of the users' time (Little's law: the mean number of users in a cycle of this kind),
    so that users x share ok / mean cycle is the rate of these requests, and the rates of all names add up.
    """
    if slot.steps is not None:
        return of_flow(slot, slot.steps.get(name, NOTHING))
    if set(slot.names) == {name}:
        return slot
    wanted = {index for index, other in enumerate(slot.names) if other == name}
    keep = [index in wanted for index in slot.request]
    step = replace(
        slot,
        sent=array("f", compress(slot.sent, keep)),
        latency=array("d", compress(slot.latency, keep)),
        cycle=array("f", compress(slot.cycle, keep)),
        outcome=bytes(compress(slot.outcome, keep)),
        request=array("I"),
        send_delay=array("f", compress(slot.send_delay, keep)),
        weights=array("Q", compress(slot.weights, keep)),
        names=(name,),
    )
    users = slot.users * _user_time(step) / (_user_time(slot) or 1.0)
    return replace(step, users=users, counts={"measure": step.outcomes()})


def _user_time(slot: SlotResult) -> float:
    return float(sum(map(mul, slot.cycle, slot.counted())))


def of_flow(slot: SlotResult, step: StepSamples) -> SlotResult:
    """The requests of one name that the flows of a slot sent, as if they had been all.

    `rps` is then the number of ok ones that were sent in `measure`, per second: of a part of a flow there is no
    cycle, so each gets an equal share of the users' time.
    """
    number = len(step.outcome)
    cycle = array("f", [slot.users * slot.window / number] * number if number else ())
    return replace(slot, sent=step.sent, latency=step.latency, cycle=cycle, outcome=step.outcome, steps=None)
