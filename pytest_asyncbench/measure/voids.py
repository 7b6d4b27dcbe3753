"""Rounds that do not count, because the machine took the CPU away from everybody. Pure.

The rule looks at a whole round and never at which variant had which slot: with the variants' names exchanged it says
the same. So it cannot favour one of them, and the coin that orders the slots protects what is left.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytest_asyncbench.agent.checks import LEAST_OCCUPIED
from pytest_asyncbench.measure.slot import Slot

MOST_TAKEN = 0.1
"""Share of a slot's CPU time that the host may take away, and of a quota's periods in which it may be used up."""
MOST_VOID = 0.1
"""Share of the rounds that may be void; above it nothing sampled is decided."""
FEW = 3
"""As many void rounds as it takes to tell a moment from how it always is."""
MANY = 4
"""Void rounds after which sampling ends if they are more than half."""
STARVED = "the load agent did not keep up"


def why_void(slots: Sequence[Slot]) -> str:
    """Why a round does not count, in words; empty if it does."""
    starved = min(_occupied(slot) for slot in slots)
    if starved < LEAST_OCCUPIED:
        seen = f"users were in flight, connecting or thinking for {starved:.1%} of their time"
        return f"{STARVED} ({seen}, less than {LEAST_OCCUPIED:.0%})"
    stolen = max((slot.counters.stolen for slot in slots if slot.counters), default=0.0)
    if stolen > MOST_TAKEN:
        return f"the host took {stolen:.0%} of the CPU time away (steal)"
    throttled = max((slot.counters.throttled for slot in slots if slot.counters), default=0.0)
    if throttled > MOST_TAKEN:
        return f"a CPU quota was used up in {throttled:.0%} of its periods (throttling)"
    return ""


def everywhere(voided: Sequence[str], counted: int) -> str:
    """Why nothing can be measured here at all, in words; empty if it was a moment. `counted` rounds do count."""
    rounds = len(voided) + counted
    hopeless = _most(len(voided), rounds, min(FEW, rounds))
    return f"{voided[-1]}, and {len(voided)} of {rounds} rounds do not count" if hopeless else ""


def is_hopeless(voided: Sequence[str], counted: int) -> bool:
    """Whether so many rounds are void that going on is no use."""
    return _most(len(voided), len(voided) + counted, MANY)


def unrest(voided: Sequence[str], counted: int) -> str:
    """Why nothing sampled is decided, in words; empty if few enough rounds are void."""
    rounds = len(voided) + counted
    if len(voided) <= MOST_VOID * rounds:
        return ""
    return (
        f"the machine was not at rest: {told(voided, counted)}; more than {MOST_VOID:.0%} decide nothing, "
        "run it again when the machine has less to do"
    )


def told(voided: Sequence[str], counted: int) -> str:
    """How many rounds do not count, and why the last of them."""
    return f"{len(voided)} of {len(voided) + counted} rounds do not count, the last because {voided[-1]}"


def _most(number: int, rounds: int, least: int) -> bool:
    return number >= max(1, least) and 2 * number > rounds


def _occupied(slot: Slot) -> float:
    """Of flows it may be their own work that keeps the users waiting; the agent says so itself."""
    return slot.samples.occupied if slot.samples.steps is None else 1.0
