"""What went wrong with the requests that were not ok, in words."""

from __future__ import annotations

from collections import Counter

from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.traffic.outcomes import OK
from pytest_asyncbench.traffic.samples import SlotResult


def describe_failures(evidence: Evidence, variant: str) -> str:
    """ "pooled: 120 of 300 requests were not ok: 120 bad_status, first: 500 Internal Server Error ..."."""
    slots = evidence.everything(variant)
    counted: Counter[str] = Counter()
    for slot in slots:
        counted.update(slot.samples.outcomes())
    failed = {name: number for name, number in counted.most_common() if name != OK}
    kinds = ", ".join(f"{number} {name}" for name, number in failed.items())
    first = next(
        (text for slot in slots for name in failed for text in slot.samples.first_failures.get(name, ())), ""
    ).partition("\n")[0]
    total = sum(counted.values())
    example = f", first: {first}" if first else ""
    return f"{variant}: {sum(failed.values())} of {total} requests were not ok: {kinds}{example}"


def first_traceback(evidence: Evidence) -> str:
    """The first traceback of a flow that failed, of any variant; empty if there is none."""
    found = (traceback_of(slot.samples) for name in evidence.variants for slot in evidence.slots(name))
    return next((text for text in found if text), "")


def traceback_of(result: SlotResult) -> str:
    """The first traceback of a flow that failed in a slot; empty if there is none. The lines below a text's first."""
    texts = (text for texts in result.first_failures.values() for text in texts)
    return next((text.partition("\n")[2] for text in texts if "\n" in text), "")


def first_words(result: SlotResult) -> str:
    """The first failure of a slot in one line, after a comma; empty if there is none."""
    texts = (text for texts in result.first_failures.values() for text in texts)
    return next((", first: " + text.partition("\n")[0] for text in texts), "")
