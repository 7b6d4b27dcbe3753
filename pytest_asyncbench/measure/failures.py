"""What went wrong with the requests that were not ok, in words."""

from __future__ import annotations

from collections import Counter

from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.traffic.outcomes import OK, OUTCOMES


def describe_failures(evidence: Evidence, variant: str) -> str:
    """ "pooled: 120 of 300 requests were not ok: 120 bad_status, first: 500 Internal Server Error ..."."""
    slots = evidence.slots(variant)
    counted: Counter[str] = Counter()
    for slot in slots:
        counted.update(Counter(OUTCOMES[index] for index in slot.samples.outcome))
    failed = {name: number for name, number in counted.most_common() if name != OK}
    kinds = ", ".join(f"{number} {name}" for name, number in failed.items())
    first = next(
        (text for slot in slots for name in failed for text in slot.samples.first_failures.get(name, ())), ""
    )
    total = sum(counted.values())
    example = f", first: {first}" if first else ""
    return f"{variant}: {sum(failed.values())} of {total} requests were not ok: {kinds}{example}"
