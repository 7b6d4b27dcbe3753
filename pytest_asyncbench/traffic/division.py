"""One plan divided among several load agents. Pure."""

from __future__ import annotations

from dataclasses import replace

from pytest_asyncbench.traffic.plan import Burst, OpenSlot, Plan
from pytest_asyncbench.traffic.sending import Stock


def divide(plan: Plan, agents: int) -> tuple[Plan, ...]:
    """The parts of a plan: as many as there are agents, or fewer, so that none is without users (and requests).

    Users, and the requests of a burst, are divided exactly. First sends of a closed slot are spread over its cycle as
    those of one agent are. Not divided are an open loop, whose starts one agent plans, and requests made ahead, of
    which each is sent once.
    """
    if isinstance(plan, OpenSlot) or isinstance(plan.requests, Stock):
        return (plan,)
    if isinstance(plan, Burst):
        number = min(agents, plan.users, plan.count)
        shares = zip(split(plan.users, number), split(plan.count, number), strict=True)
        return tuple(replace(plan, users=users, count=count) for users, count in shares)
    number = min(agents, plan.users)
    return tuple(
        replace(
            plan,
            users=users,
            least=-(-plan.least // number),
            offset=plan.offset + plan.cycle * index / plan.users,
        )
        for index, users in enumerate(split(plan.users, number))
    )


def split(total: int, parts: int) -> list[int]:
    """`total` in `parts` whole numbers that differ by one at most, the larger first."""
    return [total // parts + (index < total % parts) for index in range(parts)]
