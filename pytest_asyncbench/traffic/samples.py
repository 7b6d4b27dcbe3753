"""What one slot of load gave: the value that travels from a load agent back to the controller.

Made of the standard library only. Times are seconds; `started`, `opened`, `closed` and `ended` are readings of
`time.monotonic`, which is one clock for every process of a machine.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field

PHASES = ("connect", "settle", "measure", "tail")
"""Phases in which something is sent. What is sent in a phase is counted there, whenever it ends; `drain`, the
last phase, only waits."""

ANSWERED = ("ok", "bad_status", "bad_body")
"""Outcomes of requests that got a whole answer."""


@dataclass(frozen=True, slots=True)
class StepSamples:
    """The requests of one name that the flows of a slot have sent.

    `sent` (seconds from the opening of `measure`), `latency` (to the end of the answer) and `outcome` (indices into
    `OUTCOMES`) are parallel: one entry for each request sent in `measure`, in the order in which they ended; those
    that were unanswered at the end of `tail` are `censored`. `totals` counts the outcomes of all phases, what became of
    the censored ones included.
    """

    sent: array[float]
    latency: array[float]
    outcome: bytes
    totals: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SlotResult:
    """The requests of one slot, one by one for `measure`, as counts for the phases around it.

    `sent` (seconds from the opening of `measure`), `latency`, `cycle` (from this send to the same user's next),
    `outcome` (indices into `OUTCOMES`) and `request` (indices into the plan's requests; empty if there is
    one) are parallel: one entry for each request sent in `measure`, in the order in which they ended.
    `sent` and `cycle` have single precision: half a microsecond at 5 s.
    A request that was still unanswered at the end of `tail` is `censored`, with its age then as latency.

    `counts[phase][outcome]` counts every request by the phase that it was sent in, so the sum over a phase
    is the number of requests sent in it; in `connect` it counts failed attempts to connect, no requests.
    `late` says what became of the censored ones during `drain`; they are not counted twice in `counts`.
    `ok_total` and `answers` are all ok answers and all whole answers of all phases, late ones included.

    In an open loop `rate` is the planned number of starts per second of all agents (0 in a closed loop), `sent` and
    `latency` run from the intended start, and `send_delay` is what passed from then to the actual one, parallel to
    `sent`; `cycle` is empty, and `users` is the number of requests that were in flight at once, at most.

    `agent_cpu` is the agent's CPU time over the window, as a share of one core. `occupied` is the share of
    users x window spent in flight, connecting, thinking or pausing after a failure. `complaints` are
    violated self-checks in words; each makes the run INVALID.

    `names` are those of the requests that `request` holds indices of. Of requests made ahead, the first `used[i]` of
    those dealt to agent i were sent, and `ran_out` says that there were not enough of them: the slot ended early.

    `starved` users of a closed loop waited for one answer from before `measure` until after `tail`, far longer than all
    others: their cycles are in no sample, so the rate of all users is not known from those of the others.

    `cautions` are violated self-checks after which only counts can be believed: what is sampled may have been
    the agent's doing.

    `round_trips` are the network's, in seconds, between each agent and the target; without a network in between there
    are none.

    Of flows, a sample is a whole visit, and `steps` are its requests by name; `answers` still counts whole answers. Of
    anything else `steps` is None.
    """

    users: float
    window: float
    sent: array[float]
    latency: array[float]
    cycle: array[float]
    outcome: bytes
    request: array[int]
    counts: Mapping[str, Mapping[str, int]]
    late: Mapping[str, int]
    ok_total: int
    answers: int
    connections: int
    stale: int
    bytes_read: int
    agent_cpu: float
    occupied: float
    started: float
    opened: float
    closed: float
    ended: float
    first_failures: Mapping[str, tuple[str, ...]]
    complaints: tuple[str, ...]
    rate: float = 0.0
    send_delay: array[float] = field(default_factory=lambda: array("f"))
    names: tuple[str, ...] = ()
    used: tuple[int, ...] = ()
    ran_out: bool = False
    steps: Mapping[str, StepSamples] | None = None
    cautions: tuple[str, ...] = ()
    starved: int = 0
    round_trips: tuple[float, ...] = ()
