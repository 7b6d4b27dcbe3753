"""The agent's side of the conversation: takes plans, runs them, answers with results.

Messages are tuples whose second item is the number of the slot that they belong to, so that an answer to a
cancelled slot is never taken for that to the next one:

    to the agent    ("run", n, plan, hold)  ("go", n)  ("cancel", n)
    from the agent  ("phase", n, name)  ("done", n, SlotResult)  ("refused", n, why)  ("failed", n, traceback)
                    ("cancelled", n)  ("stopped", n, "KeyboardInterrupt")

With `hold` a slot waits when its users are connected, in the phase "hold", until it is told to go: several agents begin
together.
"""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import traceback
from dataclasses import replace
from multiprocessing.connection import Connection as Channel
from typing import Any

from pytest_asyncbench.agent import checks
from pytest_asyncbench.agent.burst import BurstRun
from pytest_asyncbench.agent.closed import ClosedRun
from pytest_asyncbench.agent.expecting import UselessFunction
from pytest_asyncbench.agent.open import OpenRun
from pytest_asyncbench.agent.round_trip import is_loopback, round_trip
from pytest_asyncbench.agent.slot import Slot
from pytest_asyncbench.traffic.plan import Burst, OpenSlot, Plan, Target, WireFlow
from pytest_asyncbench.traffic.samples import SlotResult

GONE = (EOFError, ConnectionError)
"""What reading and writing raise when the controller's end of the channel was closed."""


class Service:
    """Runs one plan after another, until the owner has gone."""

    def __init__(self, channel: Channel, loop: asyncio.AbstractEventLoop) -> None:
        self.channel = channel
        self.loop = loop
        self.owner_gone = False
        self.distances: dict[Target, tuple[float, ...]] = {}

    def serve(self) -> None:
        """Answer until the end of the stream. Between slots nothing runs, so no time is taken from anybody."""
        try:
            while not self.owner_gone:
                kind, number, *rest = self.channel.recv()
                if kind == "run":
                    self.channel.send(self._answer(number, *rest))
        except GONE:
            pass

    def _answer(self, number: int, plan: Plan, hold: bool) -> tuple[Any, ...]:
        why = checks.shortage(plan.users, "requests in flight" if isinstance(plan, OpenSlot) else "users")
        if why:
            return ("refused", number, why)
        gc.collect()
        if not is_flow(plan):  # httpx makes cycles, one with every answer
            gc.disable()  # the hot path makes none, and a collection would be somebody's latency
        try:
            return ("done", number, self.loop.run_until_complete(self._perform(number, plan, hold)))
        except asyncio.CancelledError:
            return ("cancelled", number)
        except UselessFunction as error:
            return ("refused", number, str(error))
        except socket.gaierror as error:
            return ("refused", number, f"no address for the host {plan.target.host!r}: {error}")
        except Exception as error:  # noqa: BLE001 - whatever it is, the controller must hear of it
            return flow_ended(number, error) if is_flow(plan) else ("failed", number, traceback.format_exc())
        finally:
            gc.enable()

    async def _perform(self, number: int, plan: Plan, hold: bool) -> SlotResult:
        host = "" if plan.target.path else await resolve(plan.target.host, plan.target.port)
        round_trips = self._round_trips(plan.target, host)
        slot = run_of(plan, host, lambda phase: self.channel.send(("phase", number, phase)))
        slot.gate = asyncio.Event() if hold else None
        task = self.loop.create_task(slot.run())
        self.loop.add_reader(self.channel.fileno(), self._hear, task, slot.gate)
        os.set_blocking(
            self.channel.fileno(), True
        )  # uvloop has made it non-blocking; messages are read whole
        try:
            result = await task
        finally:
            self.loop.remove_reader(self.channel.fileno())
        return replace(result, round_trips=round_trips) if round_trips else result

    def _round_trips(self, target: Target, host: str) -> tuple[float, ...]:
        """How far the target is from here, measured before the first slot; nothing of one on this host's loopback."""
        if is_loopback(host):
            return ()
        if not self.distances.get(target):
            found = round_trip(host, target.port)
            self.distances[target] = () if found is None else (found,)
        return self.distances[target]

    def _hear(self, task: asyncio.Task[SlotResult], gate: asyncio.Event | None) -> None:
        """A message during a slot: to go, to cancel it, or the end of the stream."""
        try:
            kind, *_ = self.channel.recv()
            if kind == "go" and gate is not None:
                gate.set()
                return
        except GONE:
            self.owner_gone = True
            self.loop.remove_reader(self.channel.fileno())
        task.cancel()


def is_flow(plan: Plan) -> bool:
    """Whether the users of a plan run a function instead of sending requests."""
    return any(isinstance(request, WireFlow) for request in plan.requests[:1])


def flow_ended(number: int, error: Exception) -> tuple[Any, ...]:
    """The answer when a flow, not the agent, has ended a slot."""
    from pytest_asyncbench.agent.flow import FlowRefused
    from pytest_asyncbench.agent.visitor import FlowStopped

    if isinstance(error, FlowStopped):
        return ("stopped", number, str(error))
    refused = isinstance(error, FlowRefused)
    return ("refused", number, str(error)) if refused else ("failed", number, traceback.format_exc())


def run_of(plan: Plan, host: str, notice: Any) -> Slot:
    """The run that a plan asks for."""
    if not isinstance(plan, OpenSlot) and is_flow(plan):
        from pytest_asyncbench.agent.flow import new_flow_slot  # brings httpx, which nothing else needs

        return new_flow_slot(plan, host, notice)
    if isinstance(plan, Burst):
        return BurstRun(plan, host, notice)
    return (OpenRun if isinstance(plan, OpenSlot) else ClosedRun)(plan, host, notice)


async def resolve(host: str, port: int) -> str:
    """The first address of a host that accepts a connection, or its first one: names are looked up once a slot."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses if len(addresses) > 1 else ():
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(address, port), 1.0)
        except OSError:
            continue
        writer.close()
        return address
    return addresses[0]
