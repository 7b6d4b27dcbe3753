"""How good is the load agent? Requests per second and CPU time per request, next to the generators of `rivals.py`.

One Granian worker serves 30 static bytes. In every round each generator loads it for a while, in random order;
ratios to wrk are taken per round, and their median is printed. What is not installed is left out.

    python benchmarks/generator.py [--rounds 8] [--seconds 1] [--users 64] [--seed 0]

With --rate, the open loop instead: how late are the starts at that many per second? Next to it, the latencies from the
intended start, and the agent's share of a core. The goal is a send_delay with a p99 below 1 ms on an idle core.

    python benchmarks/generator.py --rate 5000 [--arrivals poisson] [--rounds 8] [--seconds 1]

With --memory, what a number of samples costs, in millions:

    python benchmarks/generator.py --memory 3
"""

from __future__ import annotations

import argparse
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import rivals
from rivals import Reading

from pytest_asyncbench.agent.client import Agent
from pytest_asyncbench.measure import percentiles
from pytest_asyncbench.traffic.plan import ClosedSlot, OpenSlot, Target, WireRequest
from pytest_asyncbench.traffic.samples import SlotResult

APP = """
BODY = b"x" * 30
HEADERS = [("content-type", "text/plain")]

async def app(scope, protocol):
    protocol.response_bytes(200, HEADERS, BODY)
"""
CYCLE = 0.0015
"""Seconds; over this the agent spreads the first sends of its users."""


@contextmanager
def server() -> Iterator[int]:
    """The port of one Granian worker."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    granian = str(Path(sys.executable).with_name("granian"))
    options = [
        "--interface",
        "rsgi",
        "--workers",
        "1",
        "--no-ws",
        "--log-level",
        "error",
        "--port",
        str(port),
    ]
    with tempfile.TemporaryDirectory() as home:
        Path(home, "static_app.py").write_text(APP)
        process = subprocess.Popen([granian, *options, "static_app:app"], cwd=home)
        try:
            await_port(port, process)
            yield port
        finally:
            process.terminate()
            process.wait()


def await_port(port: int, process: subprocess.Popen[bytes], limit: float = 20.0) -> None:
    """Wait until the server accepts connections."""
    until = time.monotonic() + limit
    while process.poll() is None and time.monotonic() < until:
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.02)
    raise SystemExit(f"granian did not listen on port {port}")


def agent_reading(agent: Agent, port: int, users: int, seconds: float) -> Reading:
    """Our agent; its CPU time is that of the whole slot, connecting and sending the result included."""
    data = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    request = WireRequest("GET /", "GET", data, frozenset({200}))
    clock = (~agent.pid) << 3 | 2
    before = time.clock_gettime(clock)
    result = agent.run(ClosedSlot(Target("127.0.0.1", port), (request,), users, seconds, cycle=CYCLE))
    return Reading(percentiles.rps([result]), (time.clock_gettime(clock) - before) / result.answers)


def open_lines(rounds: int, rate: float, arrivals: str, seconds: float, seed: int) -> Iterator[str]:
    """A line for each slot of an open loop, and one for all of them together."""
    results = []
    yield "round      rps  send_delay p50       p99  latency p50       p99  not ok  agent"
    with server() as port, Agent.start() as agent:
        data = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
        request = WireRequest("GET /", "GET", data, frozenset({200}))
        for number in range(rounds):
            target = Target("127.0.0.1", port)
            plan = OpenSlot(target, (request,), rate, seconds, arrivals, seed=f"{seed}/{number}")
            results.append(agent.run(plan))
            yield open_line(str(number), results[-1:])
    yield open_line("all", results)


def open_line(name: str, results: list[SlotResult]) -> str:
    """What the starts of some slots were like; times in milliseconds."""
    delays = [1000 * percentiles.send_delay(results, share) for share in (0.5, 0.99)]
    latencies = [1000 * percentiles.percentile(results, share) for share in (0.5, 0.99)]
    cpu = statistics.mean(result.agent_cpu for result in results)
    return (
        f"{name:>5} {percentiles.rps(results):8,.0f} {delays[0]:12.3f} ms {delays[1]:6.3f} ms "
        f"{latencies[0]:9.3f} ms {latencies[1]:6.3f} ms {percentiles.failures(results):7} {cpu:6.0%}"
    )


def measure(rounds: int, users: int, seconds: float, seed: int) -> Iterator[dict[str, Reading]]:
    """The readings of one round after another."""
    coin = random.Random(seed)
    with server() as port, Agent.start() as agent:
        generators: dict[str, Callable[[int, int, float], Reading]] = {
            "agent": partial(agent_reading, agent),
            **rivals.installed(),
        }
        agent_reading(agent, port, users, seconds)  # warms both up
        for _ in range(rounds):
            order = coin.sample(sorted(generators), len(generators))
            yield {name: generators[name](port, users, seconds) for name in order}


def table(rounds: list[dict[str, Reading]]) -> Iterator[str]:
    """Medians over the rounds."""
    yield f"{'generator':12} {'requests/s':>11} {'us CPU/request':>15} {'x wrk rps':>10} {'x wrk CPU':>10}"
    for name in sorted(rounds[0], key=lambda name: statistics.median(r[name].cpu for r in rounds)):
        rps = statistics.median(r[name].rps for r in rounds)
        cpu = statistics.median(r[name].cpu for r in rounds)
        line = f"{name:12} {rps:11,.0f} {cpu * 1e6:15.2f}"
        if "wrk" in rounds[0]:
            line += f" {statistics.median(r[name].rps / r['wrk'].rps for r in rounds):10.2f}"
            line += f" {statistics.median(r[name].cpu / r['wrk'].cpu for r in rounds):10.2f}"
        yield line


def memory_line(port: int, agent: Agent, million: float) -> str:
    """What samples cost the controller: growth of its resident memory by slots with so many million of them."""
    data = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    request = WireRequest("GET /", "GET", data, frozenset({200}))
    plan = ClosedSlot(Target("127.0.0.1", port), (request,), 64, 2.0, cycle=CYCLE)
    kept, samples, before = [], 0, resident()
    while samples < million * 1e6:
        kept.append(agent.run(plan))
        samples += len(kept[-1].outcome)
    return f"{samples:,} samples in {len(kept)} slots: {(resident() - before) / samples:.1f} MB per million, in memory"


def resident() -> int:
    """Resident memory of this process in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--users", type=int, default=64)
    parser.add_argument("--rate", type=float, help="starts per second of an open loop")
    parser.add_argument("--arrivals", choices=("constant", "poisson"), default="constant")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--memory", type=float, help="million samples whose memory is to be measured")
    options = parser.parse_args()
    if options.memory:
        with server() as port, Agent.start() as agent:
            sys.stdout.write(memory_line(port, agent, options.memory) + "\n")
        return
    if options.rate:
        for line in open_lines(options.rounds, options.rate, options.arrivals, options.seconds, options.seed):
            sys.stdout.write(line + "\n")
        return
    sys.stdout.write(
        f"{options.users} users, {os.cpu_count()} cores, slots of {options.seconds:g} s, seed {options.seed}\n"
    )
    rounds = []
    for readings in measure(options.rounds, options.users, options.seconds, options.seed):
        rounds.append(readings)
        sys.stdout.write(
            "  ".join(f"{n} {r.rps:,.0f}/s {r.cpu * 1e6:.2f} us" for n, r in readings.items()) + "\n"
        )
    sys.stdout.write("\n".join(table(rounds)) + "\n")


if __name__ == "__main__":
    main()
