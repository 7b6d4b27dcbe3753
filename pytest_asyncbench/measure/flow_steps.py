"""The requests that flows sent, by name: evidence about each as if it had been the whole load."""

from __future__ import annotations

from array import array
from dataclasses import replace

from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.slot import Slot
from pytest_asyncbench.traffic.samples import SlotResult, StepSamples

NOTHING = StepSamples(array("f"), array("d"), b"", {})


def step_names(evidence: Evidence, variant: str) -> tuple[str, ...]:
    """The names of the requests that the flows of a variant sent, in the order in which they first occurred."""
    return tuple(dict.fromkeys(name for slot in evidence.slots(variant) for name in slot.samples.steps))


def step_evidence(evidence: Evidence, variant: str, name: str) -> Evidence:
    """The same rounds, seen as the requests of one name of one variant. What cannot be told apart (CPU time, memory)
    is unknown."""
    rounds = tuple(
        tuple(_slot_of(slot, name) for slot in slots if slot.variant == variant) for slots in evidence.rounds
    )
    return replace(evidence, specs={variant: evidence.specs[variant]}, rounds=rounds)


def _slot_of(slot: Slot, name: str) -> Slot:
    step = slot.samples.steps.get(name, NOTHING)
    return replace(slot, samples=of_step(slot.samples, step), server_cpu=None, memory=None)


def of_step(slot: SlotResult, step: StepSamples) -> SlotResult:
    """The requests of one name of a slot, as if they had been all.

    `rps` is then the number of ok ones that were sent in `measure`, per second: of a part of a flow there is no
    cycle, so each gets an equal share of the users' time.
    """
    number = len(step.outcome)
    cycle = array("f", [slot.users * slot.window / number] * number if number else ())
    return replace(slot, sent=step.sent, latency=step.latency, cycle=cycle, outcome=step.outcome, steps={})
