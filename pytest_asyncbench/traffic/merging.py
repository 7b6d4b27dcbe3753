"""The results of several load agents for one slot, as one. Pure."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from pytest_asyncbench.traffic.samples import SlotResult, StepSamples

EXPLAINED = 3
"""Texts kept per outcome, as of one agent."""


def merge(results: Sequence[SlotResult]) -> SlotResult:
    """One result: samples one agent after the other, counts added, the window that all agents had in common.

    `sent` counts from the opening of that window, so the first may be a little below zero. `agent_cpu` is the highest
    of them, since each may have been the limit; complaints name their agent.
    """
    if len(results) == 1:
        return results[0]
    return SlotResult(
        **{field.name: MERGED_BY[field.name](results, field.name) for field in fields(SlotResult)}
    )


def _sum(results: Sequence[SlotResult], name: str) -> int:
    return sum(getattr(result, name) for result in results)


def _first(results: Sequence[SlotResult], name: str) -> Any:
    return getattr(results[0], name)


def _any(results: Sequence[SlotResult], name: str) -> bool:
    return any(getattr(result, name) for result in results)


def _largest(results: Sequence[SlotResult], name: str) -> float:
    return float(max(getattr(result, name) for result in results))


def _smallest(results: Sequence[SlotResult], name: str) -> float:
    return float(min(getattr(result, name) for result in results))


def _joined(results: Sequence[SlotResult], name: str) -> Any:
    first, *others = (getattr(result, name) for result in results)
    for other in others:
        first = first + other
    return first


def _sent(results: Sequence[SlotResult], name: str) -> array[float]:
    opened = _largest(results, "opened")
    times = (time + result.opened - opened for result in results for time in result.sent)
    return array(results[0].sent.typecode, times)


def _window(results: Sequence[SlotResult], name: str) -> float:
    """What all agents have in common; of an open loop the planned one, which holds the planned starts."""
    if results[0].rate:
        return results[0].window
    return max(0.0, _smallest(results, "closed") - _largest(results, "opened"))


def _occupied(results: Sequence[SlotResult], name: str) -> float:
    whole = [result.users * result.window for result in results]
    shares = (result.occupied * time for result, time in zip(results, whole, strict=True))
    return math.fsum(shares) / math.fsum(whole) if any(whole) else 1.0


def _tally(results: Sequence[SlotResult], name: str) -> Mapping[str, int]:
    return _added([getattr(result, name) for result in results])


def _tallies(results: Sequence[SlotResult], name: str) -> Mapping[str, Mapping[str, int]]:
    counts = [getattr(result, name) for result in results]
    return {phase: _added([count.get(phase, {}) for count in counts]) for phase in counts[0]}


def _added(tallies: Sequence[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for tally in tallies:
        total.update(tally)
    return dict(total)


def _texts(results: Sequence[SlotResult], name: str) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for result in results:
        for outcome, texts in result.first_failures.items():
            found[outcome] = (*found.get(outcome, ()), *texts)[:EXPLAINED]
    return found


def _steps(results: Sequence[SlotResult], name: str) -> Mapping[str, StepSamples] | None:
    if results[0].steps is None:
        return None
    opened = _largest(results, "opened")
    parts: dict[str, list[StepSamples]] = {}
    for result in results:
        for step, samples in (result.steps or {}).items():
            sent = array("f", (time + result.opened - opened for time in samples.sent))
            parts.setdefault(step, []).append(replace(samples, sent=sent))
    return {step: _one_step(samples) for step, samples in parts.items()}


def _one_step(parts: Sequence[StepSamples]) -> StepSamples:
    first, *others = parts
    for other in others:
        first = StepSamples(
            first.sent + other.sent,
            first.latency + other.latency,
            first.outcome + other.outcome,
            _added([first.totals, other.totals]),
        )
    return first


def _complaints(results: Sequence[SlotResult], name: str) -> tuple[str, ...]:
    return tuple(
        f"agent {number} of {len(results)}: {text}"
        for number, result in enumerate(results, 1)
        for text in getattr(result, name)
    )


MERGED_BY: Mapping[str, Callable[[Sequence[SlotResult], str], Any]] = {
    "users": _sum,
    "window": _window,
    "sent": _sent,
    "latency": _joined,
    "cycle": _joined,
    "outcome": _joined,
    "request": _joined,
    "counts": _tallies,
    "late": _tally,
    "ok_total": _sum,
    "answers": _sum,
    "connections": _sum,
    "stale": _sum,
    "bytes_read": _sum,
    "agent_cpu": _largest,
    "occupied": _occupied,
    "started": _smallest,
    "opened": _largest,
    "closed": _smallest,
    "ended": _largest,
    "first_failures": _texts,
    "complaints": _complaints,
    "rate": _first,
    "send_delay": _joined,
    "names": _first,
    "used": _joined,
    "ran_out": _any,
    "steps": _steps,
    "cautions": _complaints,
    "starved": _sum,
    "round_trips": _joined,
}
"""How each field of a result is merged; a field without an entry here is an error, not the first agent's value."""
