"""Can the agents reach the server at all? What listens on one host's loopback, those on other hosts cannot."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_asyncbench.agent.client import SlotRefused
from pytest_asyncbench.agent.round_trip import is_loopback
from pytest_asyncbench.agent.seat import Seat, own_network
from pytest_asyncbench.traffic.plan import Target


def require_reach(target: Target, seats: Sequence[Seat]) -> None:
    """Raise SlotRefused, before anything is sent, if a target of this host alone is given to agents elsewhere."""
    if not (target.path or is_loopback(target.host)):
        return
    here = own_network()
    away = [seat.place for seat in seats if seat.network != here]
    if away:
        where = target.path or f"{target.host}:{target.port}"
        raise SlotRefused(
            f"the server listens at {where}, which only this host can reach, and {len(away)} of {len(seats)} load "
            f"agents are on others ({', '.join(away[:3])}{', ...' * (len(away) > 3)}): start it where they can reach "
            "it, and name that address with external('http://HOST:PORT') or --asyncbench-url; or use agents of this "
            "host, --asyncbench-agents=N"
        )
