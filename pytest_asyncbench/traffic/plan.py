"""What one slot of load is: values that travel from the controller to a load agent.

Everything here is plain data, made of the standard library, so that an agent on another machine can be
given the same plan. All times are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """Where the requests go: one TCP address of one server."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One request, encoded once.

    `data` is the whole request as sent (request line, headers, body). `method` is needed to know whether the
    answer has a body (HEAD). `expect` holds the status codes that count as ok.
    """

    name: str
    method: str
    data: bytes
    expect: frozenset[int]


@dataclass(frozen=True, slots=True)
class WireFlow(WireRequest):
    """A flow, in the place of the one request of a plan: each user runs the function again and again.

    `code` is the function `async def visit(client)`, pickled by value; `path` is where it may import from. `host` is
    that of the addresses it sees ("127.0.0.1:8000"). `expect` holds the status codes that are ok for its requests.
    """

    code: bytes
    host: str
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClosedSlot:
    """Closed-loop load: each of `users` sends its next request when it has the answer to the last one.

    `requests` are sent by each user in turn, and users begin at different ones. `cycle` is the mean time from one
    send of a user to its next, as far as it is known (0: not known); the users' first sends are spread evenly over
    it, and `measure` opens max(0.2 s, `cycle`) after the first send. `window` is the length of `measure`, which stays
    open longer, up to 5 s, until at least `least` requests that were sent in it have ended.
    """

    target: Target
    requests: tuple[WireRequest, ...]
    users: int
    window: float
    cycle: float = 0.0
    least: int = 0
    think_time: float = 0.0
    timeout: float = 30.0
    connect_timeout: float = 5.0
    keepalive: bool = True


@dataclass(frozen=True, slots=True)
class Burst:
    """A fixed number of requests, each answered before its user sends the next; nothing is timed to a window."""

    target: Target
    requests: tuple[WireRequest, ...]
    users: int
    count: int
    timeout: float = 30.0
    connect_timeout: float = 5.0
    keepalive: bool = True


SHORTEST_SETTLE = 0.2
"""Seconds from the first send to the opening of `measure`, at least."""
PATIENT_TAIL = 2.0
"""Seconds of `tail` within which an unusually slow answer is waited for, whatever the mean cycle is.

It costs nothing where there is none: `tail` ends when everything sent in `measure` is answered. With 0.3 s instead,
a server that takes 1 s for 5 % of its answers and 20 ms for the others came out 32 % too fast."""


def longest_tail(mean_cycle: float) -> float:
    """How long users go on sending after `measure`, at most, until its requests are answered."""
    return max(PATIENT_TAIL, 3 * mean_cycle)


LONGEST_WINDOW = 5.0
"""Seconds that `measure` stays open at most for the sake of `least`."""


def longest_time(plan: ClosedSlot | Burst) -> float:
    """Seconds after which a slot has ended in any case: every wait in it is bounded by the plan."""
    around = plan.connect_timeout + plan.timeout
    if isinstance(plan, Burst):
        return around + -(-plan.count // plan.users) * (plan.timeout + 1.0)
    measured = max(SHORTEST_SETTLE, plan.cycle) + max(plan.window, LONGEST_WINDOW if plan.least else 0.0)
    return around + measured + longest_tail(measured + plan.think_time)
