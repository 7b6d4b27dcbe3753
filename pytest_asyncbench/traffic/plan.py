"""What one slot of load is: values that travel from the controller to a load agent.

Everything here is plain data, made of the standard library, so that an agent on another machine can be
given the same plan. All times are seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from pytest_asyncbench.traffic.think_time import ThinkTime, longest_of

if TYPE_CHECKING:
    from pytest_asyncbench.traffic.expect import Expecting
    from pytest_asyncbench.traffic.sending import Order


@dataclass(frozen=True, slots=True)
class Target:
    """Where the requests go: one TCP address of one server, or the Unix socket at `path`.

    `verify` (under "https"): True for the system's authorities, a path for those of one's own, False for none.
    `server_name` is what the certificate must be made out to; default: the host.
    """

    host: str
    port: int
    scheme: str = "http"
    verify: bool | str = True
    server_name: str = ""
    path: str = ""


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

    `code` is the function `async def visit(client)`, pickled by value; `path` is where it may import from. `host` and
    `scheme` are those of the addresses it sees ("127.0.0.1:8000"). `expect` holds the status codes that are ok for its
    requests. With `http2` they go over httpx's own transport, not over the agent's connections.
    """

    code: bytes
    host: str
    path: tuple[str, ...] = ()
    scheme: str = "http"
    http2: bool = False


@dataclass(frozen=True, slots=True)
class ClosedSlot:
    """Closed-loop load: each of `users` sends its next request when it has the answer to the last one.

    `requests` are sent by each user in turn, and users begin at different ones; or as `order` says; or, if they are a
    Stock, each once. `expecting` looks at the bodies of answers. `cycle` is the mean time from one
    send of a user to its next, as far as it is known (0: not known); the users' first sends are spread evenly over
    it, and `measure` opens max(0.2 s, `cycle`) after the first send. `window` is the length of `measure`, which stays
    open longer, up to 5 s, until at least `least` requests that were sent in it have ended. `offset` delays all first
    sends, so that the users of several agents fall between each other's. `seed` decides what think times are drawn.
    """

    target: Target
    requests: Sequence[WireRequest]
    users: int
    window: float
    cycle: float = 0.0
    least: int = 0
    offset: float = 0.0
    think_time: ThinkTime = 0.0
    timeout: float = 30.0
    connect_timeout: float = 5.0
    keepalive: bool = True
    seed: str = ""
    order: Order | None = None
    expecting: Expecting | None = None


@dataclass(frozen=True, slots=True)
class OpenSlot:
    """Open-loop load: `rate` starts per second, planned ahead, whatever the server does.

    `requests` are sent in turn, or as `order` says, or, if they are a Stock, each once. `arrivals` is "constant"
    (evenly spaced) or "poisson" (random, drawn from `seed`). Of the planned starts this agent makes every `parts`-th,
    beginning with number `part`; everything else is that of the whole plan, but for `max_in_flight`: a start that
    finds as many requests in flight is dropped. `latency` is the mean latency as far as it is known (0: not known);
    `measure` opens max(0.2 s, `latency`) after the beginning, rounded up to whole intervals with constant arrivals,
    as is its length `window`; it is made longer, up to 5 s, until it has `least` starts.
    """

    target: Target
    requests: Sequence[WireRequest]
    rate: float
    window: float
    arrivals: str = "constant"
    max_in_flight: int = 1000
    latency: float = 0.0
    least: int = 0
    timeout: float = 30.0
    connect_timeout: float = 5.0
    keepalive: bool = True
    seed: str = ""
    order: Order | None = None
    expecting: Expecting | None = None
    part: int = 0
    parts: int = 1

    @property
    def users(self) -> int:
        """Connections at most."""
        return self.max_in_flight


@dataclass(frozen=True, slots=True)
class Burst:
    """A fixed number of requests, each answered before its user sends the next; nothing is timed to a window."""

    target: Target
    requests: Sequence[WireRequest]
    users: int
    count: int
    timeout: float = 30.0
    connect_timeout: float = 5.0
    keepalive: bool = True
    expecting: Expecting | None = None


Plan: TypeAlias = ClosedSlot | OpenSlot | Burst
"""Whatever an agent can be asked to run."""

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


def longest_time(plan: Plan) -> float:
    """Seconds after which a slot has ended in any case: every wait in it is bounded by the plan."""
    around = plan.connect_timeout + plan.timeout
    if isinstance(plan, Burst):
        return around + -(-plan.count // plan.users) * (plan.timeout + 1.0)
    stretched = max(plan.window, LONGEST_WINDOW if plan.least else 0.0)
    if isinstance(plan, OpenSlot):  # a random start may be 40 mean intervals away, once in 10^17 slots
        measured = max(SHORTEST_SETTLE, plan.latency) + stretched + 40 / plan.rate
        return around + measured + longest_tail(max(plan.latency, measured))
    measured = max(SHORTEST_SETTLE, plan.cycle) + stretched
    return around + measured + longest_tail(measured + longest_of(plan.think_time))
