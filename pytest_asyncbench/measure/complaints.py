"""What breaks a measurement, in words: each of these makes every verdict INVALID. Pure, over what was measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.failures import first_words
from pytest_asyncbench.measure.slot import Slot
from pytest_asyncbench.measure.voids import STARVED, why_void
from pytest_asyncbench.traffic.lateness import late_on_average, late_starts
from pytest_asyncbench.traffic.samples import SlotResult

MOST_STARVED = 0.02
"""Share of the users that may be without an answer for a whole slot: as much as the time that may be missing."""


def late(evidence: Evidence) -> list[str]:
    """Starts that were too late, over all slots of a variant: few of each slot may be many together."""
    return [
        f"{variant}: {text}"
        for variant in evidence.variants
        for text in _first_late([slot.samples for slot in evidence.slots(variant)])
    ]


def _first_late(slots: Sequence[SlotResult]) -> tuple[str, ...]:
    return (late_starts(slots) or late_on_average(slots))[:1]


def starved(evidence: Evidence) -> list[str]:
    """Servers that in most slots left users without any answer, while others had theirs at once."""
    return [text for variant in evidence.variants if (text := starving(evidence, variant))]


def starving(evidence: Evidence, variant: str) -> str:
    """The same of one server, in words; empty if it did not."""
    slots = [slot.samples for slot in evidence.slots(variant)]
    without = [slot.starved for slot in slots if slot.starved > MOST_STARVED * slot.users]
    if not slots or 2 * len(without) <= len(slots):
        return ""
    some = f"{max(without)} of {slots[0].users:g} users waited for one answer throughout"
    where = f"in {len(without)} of {len(slots)} slots, while the others had theirs"
    return (
        f"{variant}: {some}, {where}: the server serves only some of its connections, and rps and latencies "
        "would be those of the lucky ones; use as many users as it serves at once, or give it more workers or "
        "threads"
    )


def unanswered(variant: str, result: SlotResult) -> str | None:
    """In words, that a server answers nothing at all; None if it answers something."""
    if result.answers:
        return None
    counted: Counter[str] = Counter()
    for outcomes in (*result.counts.values(), result.late):
        counted.update(outcomes)
    kinds = ", ".join(f"{number} {name}" for name, number in counted.most_common())
    return f"{variant}: not one request was answered ({kinds or 'none was sent'}){first_words(result)}"


def agent_starved(slot: Slot) -> list[str]:
    """That the agent did not keep up, where there is no other round to go by."""
    return [f"{slot.variant}: {why}" for why in [why_void([slot])] if why.startswith(STARVED)]


def of_slot(slot: Slot) -> list[str]:
    """The self-checks of the agent that a slot violates, and that nothing was sent in it."""
    return [*of_agent(slot), *filter(None, [silent(slot)])]


def of_agent(slot: Slot) -> list[str]:
    """The self-checks of the agent that a slot violates."""
    return [f"{slot.variant}: {text}" for text in slot.samples.complaints]


def silent(slot: Slot) -> str:
    """That nothing was sent in a slot, in words; empty if something was."""
    if slot.samples.outcome:
        return ""
    return f"{slot.variant}: not a single request was sent in the measured time of round {slot.round}"
