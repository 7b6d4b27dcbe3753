"""Open loops against queues whose waiting times theory knows: in memory and virtual time."""

from __future__ import annotations

import random
from statistics import fmean

import pytest

from pytest_asyncbench.measure import percentiles
from pytest_asyncbench.traffic.plan import ClosedSlot, OpenSlot, Target

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SERVICE = 0.01


class OneWorker:
    """First come, first served. Each request takes `service()` seconds; while it stalls it works on none."""

    def __init__(self, service, reply, stall=(0.0, 0.0)):
        self.service, self.reply, self.stall, self.free = service, reply, stall, 0.0

    def __call__(self, data, now):
        begin = max(now, self.free)
        if self.stall[0] <= begin < self.stall[1]:
            begin = self.stall[1]
        self.free = begin + self.service()
        return self.reply([OK], self.free - now)


@pytest.fixture
def waiting(memory_run, reply, wire):
    """The mean waiting time in front of one worker, and the rate, from some long slots."""

    def measure(service, load, slots=8, seconds=200.0):
        rate = load / SERVICE
        found = [
            memory_run(
                OpenSlot(Target("memory", 1), (wire("/"),), rate, seconds, "poisson", seed=f"truth/{number}"),
                OneWorker(service(number), reply),
            )
            for number in range(slots)
        ]
        assert percentiles.failures(found) == 0
        assert percentiles.rps(found) == pytest.approx(rate, rel=0.02)
        return fmean(percentiles.mean([slot]) for slot in found) - SERVICE

    return measure


def test_md1(waiting):
    """M/D/1: W = rho S / (2 (1 - rho)) (Pollaczek and Khinchine)."""
    found = waiting(lambda number: lambda: SERVICE, 0.5)
    assert found == pytest.approx(0.5 * SERVICE / (2 * 0.5), rel=0.05)


def test_mm1(waiting):
    """M/M/1: W = rho S / (1 - rho)."""

    def exponential(number):
        coin = random.Random(number)
        return lambda: coin.expovariate(1 / SERVICE)

    assert waiting(exponential, 0.5) == pytest.approx(0.5 * SERVICE / 0.5, rel=0.05)


def test_a_stall_shows_in_an_open_loop_and_not_in_a_closed_one(memory_run, reply, wire):
    """The server stalls for a second. Of the 200 that come in it and wait for it to end, the p99 is among the first."""
    target, requests = Target("memory", 1), (wire("/"),)

    def stalling():
        return OneWorker(lambda: 0.001, reply, stall=(1002.0, 1003.0))

    opened = memory_run(OpenSlot(target, requests, 200.0, 5.0), stalling())
    closed = memory_run(ClosedSlot(target, requests, 1, 5.0, 0.001), stalling())
    assert percentiles.percentile([opened], 0.99) == pytest.approx(0.96, abs=0.02)
    assert percentiles.percentile([opened], 0.5) == pytest.approx(0.001)
    assert percentiles.rps([opened]) == pytest.approx(200)
    assert percentiles.percentile([closed], 0.99) == pytest.approx(0.001)
    assert percentiles.maximum([closed]) == pytest.approx(1.0, abs=0.01)


def test_an_overloaded_server_is_seen_as_such(memory_run, reply, wire):
    """120/s for a worker that does 100/s: the queue grows by 20 in every second."""
    plan = OpenSlot(Target("memory", 1), (wire("/"),), 120.0, 2.0)
    slot = memory_run(plan, OneWorker(lambda: SERVICE, reply))
    assert percentiles.failures([slot]) == 0
    first, last = slot.latency[0], slot.latency[-1]
    assert last - first == pytest.approx(2.0 * 0.2, rel=0.05)
