"""One plan divided among several load agents. Pure."""

from __future__ import annotations

from dataclasses import replace

from pytest_asyncbench.traffic.plan import Burst, ClosedSlot, OpenSlot, Plan
from pytest_asyncbench.traffic.sending import Stock


def divide(plan: Plan, agents: int) -> tuple[Plan, ...]:
    """The parts of a plan: as many as there are agents, or fewer, so that none is without users (and requests).

    Users, the starts of an open loop, and the requests of a burst are divided exactly. First sends of a closed slot are
    spread over its cycle as those of one agent are. Requests made ahead are dealt out one by one.
    """
    number = min(agents, plan.users, plan.count if isinstance(plan, Burst) else agents)
    parts = _open(plan, number) if isinstance(plan, OpenSlot) else _by_users(plan, number)
    if not isinstance(plan.requests, Stock):
        return parts
    return tuple(replace(part, requests=plan.requests[index::number]) for index, part in enumerate(parts))


def _open(plan: OpenSlot, number: int) -> tuple[Plan, ...]:
    return tuple(
        replace(plan, max_in_flight=most, part=index, parts=number)
        for index, most in enumerate(split(plan.max_in_flight, number))
    )


def _by_users(plan: ClosedSlot | Burst, number: int) -> tuple[Plan, ...]:
    users = split(plan.users, number)
    if isinstance(plan, Burst):
        shares = zip(users, split(plan.count, number), strict=True)
        return tuple(replace(plan, users=some, count=count) for some, count in shares)
    return tuple(
        replace(
            plan,
            users=some,
            least=-(-plan.least // number),
            offset=plan.offset + plan.cycle * index / plan.users,
        )
        for index, some in enumerate(users)
    )


def split(total: int, parts: int) -> list[int]:
    """`total` in `parts` whole numbers that differ by one at most, the larger first."""
    return [total // parts + (index < total % parts) for index in range(parts)]
