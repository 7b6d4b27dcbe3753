"""How the clocks of load agents elsewhere differ from the controller's. Pure.

`time.monotonic` counts from a beginning of its own on every machine. A reading that was asked for and came back tells
the difference, but for where on its way it was taken: in the middle, to within half of the round trip (D. L. Mills:
Internet Time Synchronization: the Network Time Protocol. IEEE Transactions on Communications 39 (1991), 1482-1493). So
of several readings the one with the shortest round trip is the one to believe.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pytest_asyncbench.traffic.samples import SlotResult


@dataclass(frozen=True, slots=True)
class Offset:
    """An agent's clock is `seconds` ahead of the controller's, give or take `error`; seen at `read` of the latter."""

    seconds: float = 0.0
    error: float = 0.0
    read: float = 0.0


UNKNOWN = Offset(read=-math.inf)


def best(readings: Sequence[tuple[float, float, float]]) -> Offset:
    """The offset from readings (our clock before, theirs, our clock after), all in seconds."""
    asked, theirs, answered = min(readings, key=lambda reading: reading[2] - reading[0])
    return Offset(theirs - (asked + answered) / 2, (answered - asked) / 2, answered)


def shifted(result: SlotResult, offset: Offset) -> SlotResult:
    """A slot's result with its times as readings of the controller's clock."""
    if not offset.seconds and not offset.error:
        return result
    ours = {name: getattr(result, name) - offset.seconds for name in ("started", "opened", "closed", "ended")}
    return replace(result, **ours, clock_error=offset.error)
