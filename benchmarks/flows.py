"""What does a flow cost? Visits per second and CPU time per request of `load.flow`, next to stock httpx.

One Granian worker serves 30 static bytes; a visit is three requests. Stock httpx is one `httpx.AsyncClient` per user
in a process of its own. In every round both run once for each number of users, in random order; medians are printed.

    python benchmarks/flows.py [--rounds 5] [--seconds 1] [--users 1 16 64] [--seed 0]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import sys
import time
from collections.abc import Iterator

import httpx
from generator import server
from rivals import Reading, timed

from pytest_asyncbench.agent.client import Agent
from pytest_asyncbench.measure import percentiles
from pytest_asyncbench.traffic.flow import FLOW_STATUSES, flow, wire_flow
from pytest_asyncbench.traffic.plan import ClosedSlot, Target

STEPS = 3


async def visit(client: httpx.AsyncClient) -> None:
    """Three requests."""
    for _ in range(STEPS):
        (await client.get("/")).raise_for_status()


def flow_reading(agent: Agent, port: int, users: int, seconds: float) -> Reading:
    """Visits per second, and CPU seconds per request, of our flows."""
    wire = wire_flow(flow("benchmark", visit), host=f"127.0.0.1:{port}", expect=FLOW_STATUSES)
    clock = (~agent.pid) << 3 | 2
    before = time.clock_gettime(clock)
    result = agent.run(ClosedSlot(Target("127.0.0.1", port), (wire,), users, seconds, cycle=0.001 * users))
    used = time.clock_gettime(clock) - before
    return Reading(percentiles.rps([result]), used / result.answers)


def httpx_reading(port: int, users: int, seconds: float) -> Reading:
    """The same visits by stock httpx."""
    output, _ = timed([sys.executable, __file__, "--httpx", str(port), str(users), str(seconds)])
    visits, cpu = map(float, output.split())
    return Reading(visits / seconds, cpu / visits / STEPS)


async def httpx_load(port: int, users: int, seconds: float) -> tuple[int, float]:
    """Visits made, and the CPU seconds they took."""
    clients = [httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") for _ in range(users)]
    cpu = time.process_time()
    until = time.monotonic() + seconds

    async def user(client: httpx.AsyncClient) -> int:
        visits = 0
        while time.monotonic() < until:
            await visit(client)
            visits += 1
        return visits

    visits = sum(await asyncio.gather(*map(user, clients)))
    cpu = time.process_time() - cpu
    await asyncio.gather(*(client.aclose() for client in clients))
    return visits, cpu


def measure(rounds: int, users: list[int], seconds: float, seed: int) -> Iterator[tuple[int, str, Reading]]:
    """The readings of all rounds: users, generator, reading."""
    coin = random.Random(seed)
    with server() as port, Agent.start() as agent:
        flow_reading(agent, port, 1, seconds)  # warms both up
        for _ in range(rounds):
            for number in users:
                for name in coin.sample(("flow", "httpx"), 2):
                    if name == "flow":
                        yield number, name, flow_reading(agent, port, number, seconds)
                    else:
                        yield number, name, httpx_reading(port, number, seconds)


def table(readings: list[tuple[int, str, Reading]]) -> Iterator[str]:
    """Medians over the rounds; ratios are taken per round."""
    yield f"{'users':>5} {'flows/s':>9} {'httpx/s':>9} {'ratio':>7} {'CPU us':>9} {'httpx us':>9} {'CPU ratio':>10}"
    for users in dict.fromkeys(users for users, _, _ in readings):
        ours, theirs = (
            [r for number, name, r in readings if (number, name) == (users, who)] for who in ("flow", "httpx")
        )
        rates = [a.rps / b.rps for a, b in zip(ours, theirs, strict=True)]
        costs = [b.cpu / a.cpu for a, b in zip(ours, theirs, strict=True)]
        rps = [statistics.median(r.rps for r in readings) for readings in (ours, theirs)]
        cpu = [statistics.median(r.cpu for r in readings) * 1e6 for readings in (ours, theirs)]
        yield (
            f"{users:5} {rps[0]:9,.0f} {rps[1]:9,.0f} {statistics.median(rates):7.2f} "
            f"{cpu[0]:9.1f} {cpu[1]:9.1f} {statistics.median(costs):10.2f}"
        )


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] == ["--httpx"]:
        port, users, seconds = sys.argv[2:]
        sys.stdout.write("{} {}\n".format(*asyncio.run(httpx_load(int(port), int(users), float(seconds)))))
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--users", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    sys.stdout.write(f"{os.cpu_count()} cores, slots of {options.seconds:g} s, seed {options.seed}\n")
    readings = list(measure(options.rounds, options.users, options.seconds, options.seed))
    sys.stdout.write("\n".join(table(readings)) + "\n")


if __name__ == "__main__":
    main()
