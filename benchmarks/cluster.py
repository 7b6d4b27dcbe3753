"""What does a load agent weigh, and what can its controller bear? Figures for the size of a cluster.

    python benchmarks/cluster.py [--rounds 5] [--connections 900] [--agents 100] [--samples 1000000] [--distinct 4]

One agent and one Granian worker that answers 30 bytes share this machine: requests per second, CPU time per request,
bytes to the controller per million requests, and memory per connection. Then a controller, a process of its
own, merges the slots of so many simulated agents, each in bins; what it says is compared with all samples. The
simulated slots are so many distinct ones (log-normal latencies over three decades, each a little slower), sent again
and again.
"""

from __future__ import annotations

import argparse
import math
import pickle
import random
import statistics
import subprocess
import sys
import time
from array import array
from collections.abc import Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

import psutil
from generator import server

from pytest_asyncbench.agent.checks import raise_file_limit
from pytest_asyncbench.agent.client import Agent
from pytest_asyncbench.measure import percentiles
from pytest_asyncbench.traffic.bins import RELATIVE_ERROR, binned
from pytest_asyncbench.traffic.merging import merge
from pytest_asyncbench.traffic.plan import Burst, ClosedSlot, Target, WireRequest
from pytest_asyncbench.traffic.samples import PHASES, SlotResult

REQUEST = WireRequest("GET /", "GET", b"GET / HTTP/1.1\r\nHost: test\r\n\r\n", frozenset({200}))
MOST_CPU = 0.8
SHARES = (0.5, 0.95, 0.99, 0.999)


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def one_agent(rounds: int, connections: int) -> None:
    """Speed, bytes and memory of one agent."""
    raise_file_limit()  # for the server
    with server() as port, Agent.start() as agent:
        target = Target("127.0.0.1", port)
        slots = [agent.run(ClosedSlot(target, (REQUEST,), 64, 1.0)) for _ in range(rounds + 1)][1:]
        rates = [percentiles.rps([slot]) for slot in slots]
        cpu = [slot.agent_cpu / rate for slot, rate in zip(slots, rates, strict=True)]
        raw = [len(pickle.dumps(slot)) / slot.number * 1e6 for slot in slots]
        small = [len(pickle.dumps(binned(slot))) for slot in slots]
        tell(
            f"64 users: {statistics.median(rates):,.0f} requests/s, {statistics.median(cpu) * 1e6:.1f} us CPU each"
        )
        tell(f"at {MOST_CPU:.0%} of a core: {MOST_CPU / statistics.median(cpu):,.0f} requests/s")
        tell(f"samples one by one: {statistics.median(raw) / 1e6:.1f} MB per million requests")
        tell(f"in bins: {statistics.median(small) / 1e3:.0f} kB for a slot of {slots[0].number:,} requests")
        process = psutil.Process(agent.pid)
        before = process.memory_info().rss
        peak = before
        began = time.monotonic()

        def look(phase: str) -> None:
            nonlocal peak
            peak = max(peak, process.memory_info().rss)
            if phase == "measure":
                tell(f"{connections} connections: open after {time.monotonic() - began:.2f} s")

        agent.run(
            Burst(target, (REQUEST,), connections, connections, timeout=60.0, connect_timeout=60.0), look
        )
        peak = max(peak, process.memory_info().rss)
        tell(
            f"memory: {before / 1e6:.0f} MB, and {(peak - before) / connections / 1e3:.1f} kB per connection"
        )


def simulated(number: int, samples: int) -> SlotResult:
    """The slot of one agent: as many requests, evenly sent in 5 s."""
    coin = random.Random(number)
    latency = array("d", (0.005 * (1 + number / 50) * math.exp(coin.gauss(0, 1.1)) for _ in range(samples)))
    counts = {phase: {"ok": samples} if phase == "measure" else {} for phase in PHASES}
    return SlotResult(
        users=64, window=5.0, sent=array("f", (5.0 * index / samples for index in range(samples))),
        latency=latency, cycle=array("f", latency), outcome=bytes(samples), request=array("I"), counts=counts,
        late={}, ok_total=samples, answers=samples, connections=64, stale=0, bytes_read=0, agent_cpu=0.5, occupied=1.0,
        started=9.8, opened=10.0, closed=15.0, ended=15.1, first_failures={}, complaints=(),
    )  # fmt: skip


def received(channel: Connection) -> Iterator[SlotResult]:
    """Slots as they come, one at a time."""
    while (slot := channel.recv()) is not None:
        yield slot


def controller(descriptor: int) -> None:
    """Merge what comes; tells the percentiles, the memory that it took, and the seconds."""
    channel = Connection(descriptor)
    memory = highest_memory()
    began = time.monotonic()
    merged = merge(received(channel))
    took = time.monotonic() - began
    found = [percentiles.percentile([merged], share) for share in SHARES]
    channel.send((merged.number, len(merged.latency), found, memory, highest_memory(), took))


def highest_memory() -> float:
    """The most resident memory that this process has had, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmHWM"))


def many_agents(agents: int, samples: int, distinct: int) -> bool:
    """Merge in a process of its own, and compare with all samples; whether it is within the bounds."""
    slots = [simulated(number, samples) for number in range(distinct)]
    began = time.process_time()
    messages = [pickle.dumps(binned(slot)) for slot in slots]
    tell(
        f"binning: {(time.process_time() - began) / distinct / samples * 1e6:.2f} s CPU per million requests"
    )
    tell(f"in bins: {statistics.mean(map(len, messages)) / 1e3:.0f} kB for a slot of {samples:,} requests")
    ours, theirs = Pipe()
    command = [sys.executable, __file__, "--controller", str(theirs.fileno())]
    child = subprocess.Popen(command, pass_fds=[theirs.fileno()])
    theirs.close()
    for number in range(agents):
        ours.send_bytes(messages[number % distinct])
    ours.send(None)
    ours.poll(600)
    number, bins, found, memory, peak, took = ours.recv()
    child.wait()
    everything = sorted(time for slot in slots for time in slot.latency)
    tell(f"{agents} agents, {number:,} requests: merged in {took:.1f} s into {bins:,} bins")
    tell(f"memory of the controller: {memory:.0f} MB before, {peak:.0f} MB at most")
    worst = 0.0
    for share, value in zip(SHARES, found, strict=True):
        true = percentiles.nearest_rank(everything, share)
        worst = max(worst, abs(value / true - 1))
        tell(f"p{share * 100:g}: {value * 1e3:.4f} ms, of all samples {true * 1e3:.4f} ms")
    tell(f"worst error of a percentile: {worst:.2%}, stated {RELATIVE_ERROR:.0%}")
    return worst < RELATIVE_ERROR and peak < 200 and number == agents * samples


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=900)  # Granian takes 1024
    parser.add_argument("--agents", type=int, default=100)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--distinct", type=int, default=4)
    parser.add_argument("--controller", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.controller is not None:
        controller(given.controller)
        return 0
    if given.rounds:
        one_agent(given.rounds, given.connections)
    return 0 if many_agents(given.agents, given.samples, given.distinct) else 1


if __name__ == "__main__":
    sys.exit(main())
