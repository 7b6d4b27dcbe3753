"""What the counterparts of a revision showed under load: are they comparable at all? Pure, over what was measured."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.failures import describe_failures
from pytest_asyncbench.metrics import metric


def incomparable(evidence: Evidence, limit: float) -> dict[str, str]:
    """By counterpart, why the run says nothing about it, where the test's own variants are well; else empty.

    `limit` is the share of requests that may fail.
    """
    references = evidence.references
    broken = {name: _complaints(evidence, name) for name in references}
    if any(not _is_about(text, references) for text in evidence.complaints):
        return {}
    found = {name: "; ".join(texts) for name, texts in broken.items() if texts}
    if any(_errors(evidence, name) > limit for name in evidence.own):
        return found
    for name in references:
        if name not in found and _errors(evidence, name) > limit:
            found[name] = describe_failures(evidence, name).removeprefix(f"{name}: ")
    return found


def _complaints(evidence: Evidence, name: str) -> list[str]:
    return [text.removeprefix(f"{name}: ") for text in evidence.complaints if _is_about(text, (name,))]


def _is_about(text: str, names: Sequence[str]) -> bool:
    return any(text.startswith(f"{name}: ") for name in names)


def _errors(evidence: Evidence, name: str) -> float:
    slots = evidence.slots(name)
    return metric("errors").read(slots) if slots and any(slot.samples.outcome for slot in slots) else 0.0
