"""Closed loops against servers whose service times are known: in memory and virtual time, so the truth is exact."""

from __future__ import annotations

import itertools
import math
import random
import statistics

import pytest

from pytest_asyncbench.measure import percentiles
from pytest_asyncbench.traffic.plan import ClosedSlot, Target
from pytest_asyncbench.traffic.think_time import Between, Exponential

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def slots(memory_run, reply, wire):
    """Runs some slots of a server that takes `delay(now)` seconds, told its mean cycle."""

    def run(delay, *, users, window, cycle, count=1, **words):
        plan = ClosedSlot(Target("memory", 1), (wire("/"),), users, max(window, cycle), cycle, **words)
        return [memory_run(plan, lambda data, now: reply([OK], delay(now))) for _ in range(count)]

    return run


@pytest.mark.parametrize("window", [0.5, 1.0])
@pytest.mark.parametrize("users", [1, 8, 64])
@pytest.mark.parametrize("service", [0.02, 0.6])
def test_fixed_service_time(slots, service, users, window):
    found = slots(lambda now: service, users=users, window=window, cycle=service)
    assert percentiles.rps(found) == pytest.approx(users / service, rel=1e-6)
    assert percentiles.mean(found) == pytest.approx(service, rel=1e-6)


def test_an_unknown_cycle_does_not_bend_the_estimate(slots):
    found = slots(lambda now: 0.6, users=64, window=1.0, cycle=0.0)
    assert percentiles.rps(found) == pytest.approx(64 / 0.6, rel=1e-6)


def test_490_against_510_ms_is_4_percent(slots):
    fast, slow = (
        percentiles.rps(slots(lambda now, t=t: t, users=64, window=0.5, cycle=0.5)) for t in (0.49, 0.51)
    )
    assert fast / slow == pytest.approx(51 / 49, rel=1e-6)


@pytest.mark.parametrize(
    ("users", "window", "count"), [(1, 1.0, 400), (8, 1.0, 100), (64, 0.5, 40), (64, 1.0, 40)]
)
def test_exponential_service_time(slots, users, window, count):
    coin = random.Random(1)
    found = slots(lambda now: coin.expovariate(20), users=users, window=window, cycle=0.05, count=count)
    each = [percentiles.rps([slot]) for slot in found]
    assert statistics.mean(each) == pytest.approx(users / 0.05, rel=0.02)
    assert percentiles.mean(found) == pytest.approx(0.05, rel=0.02)


def test_percentiles_of_an_exponential_service_time(slots):
    """So many requests that chance moves the p99 by less than 2 % (three standard errors)."""
    coin = random.Random(1)
    found = slots(lambda now: coin.expovariate(20), users=64, window=4.0, cycle=0.05, count=20)
    for share, times in ((0.5, 2), (0.95, 20), (0.99, 100)):
        assert percentiles.percentile(found, share) == pytest.approx(0.05 * math.log(times), rel=0.02)


@pytest.mark.parametrize(
    ("users", "window", "count"), [(1, 1.0, 1000), (8, 1.0, 150), (64, 0.5, 40), (64, 1.0, 40)]
)
def test_one_answer_in_twenty_takes_a_second(slots, users, window, count):
    """Slots must wait for the slow ones: they carry 70 % of the time."""
    coin = random.Random(2)
    found = slots(
        lambda now: 1.0 if coin.random() < 0.05 else 0.02,
        users=users,
        window=window,
        cycle=0.069,
        count=count,
    )
    assert percentiles.failures(found) == 0
    mean = statistics.mean(latency for slot in found for latency in slot.latency)
    assert mean == pytest.approx(0.069, rel=0.05)  # but for chance
    assert percentiles.rps(found) == pytest.approx(users / mean, rel=0.001)
    assert percentiles.percentile(found, 0.5) == pytest.approx(0.02)
    assert percentiles.percentile(found, 0.99) == pytest.approx(1.0)


@pytest.mark.parametrize("users", [1, 8, 64])
def test_a_queue_in_front_of_one_worker(slots, users):
    free = 0.0

    def delay(now):
        nonlocal free
        free = max(now, free) + 0.01
        return free - now

    found = slots(delay, users=users, window=0.5, cycle=users * 0.01)
    assert percentiles.rps(found) == pytest.approx(100, rel=0.001)
    assert percentiles.mean(found) == pytest.approx(users * 0.01, rel=0.02)


def test_think_time_is_part_of_the_cycle(slots):
    (slot,) = found = slots(lambda now: 0.02, users=8, window=1.0, cycle=0.1, think_time=0.08)
    assert percentiles.rps(found) == pytest.approx(80, rel=1e-6)
    assert percentiles.mean(found) == pytest.approx(0.02, rel=1e-6)
    assert slot.occupied == pytest.approx(1.0)


@pytest.mark.parametrize("think", [Between(0.02, 0.14), Exponential(0.08)])
def test_think_times_that_are_drawn(slots, think):
    words = {"users": 32, "window": 2.0, "cycle": 0.1, "think_time": think}
    found = [slots(lambda now: 0.02, **words, seed=f"{number}")[0] for number in range(10)]
    again = slots(lambda now: 0.02, **words, seed="0")[0]
    assert percentiles.rps(found) == pytest.approx(320, rel=0.03)
    assert percentiles.mean(found) == pytest.approx(0.02, rel=1e-6)
    assert found[0].cycle == again.cycle != found[1].cycle
    assert all(slot.occupied == pytest.approx(1.0) for slot in found)


def test_answers_that_never_come_under_load_are_censored(memory_run, reply, wire):
    """One user's answer takes 4 s, longer than the tail: its age counts in the window, its answer in the end."""
    count = 0

    def server(data, now):
        nonlocal count
        count += 1
        return reply([OK], 4.0 if count == 300 else 0.01)

    plan = ClosedSlot(Target("memory", 1), (wire("/"),), 8, 0.5, 0.01)
    slot = memory_run(plan, server)
    assert slot.counts["measure"]["censored"] == 1
    assert slot.late == {"ok": 1}
    assert slot.ok_total == slot.answers == count
    assert max(slot.latency) == pytest.approx(slot.closed - slot.opened - slot.sent[-1] + 2.0, abs=1e-6)
    assert slot.ended - slot.opened - slot.sent[-1] == pytest.approx(4.0, abs=1e-6)


def test_every_request_is_counted_once(memory_run, reply, wire):
    coin = random.Random(3)
    seen = 0

    def server(data, now):
        nonlocal seen
        seen += 1
        kind = coin.random()
        if kind < 0.1:
            return reply([OK[:20]], 0.01, error=ConnectionResetError())
        if kind < 0.15:
            return reply([], 9.0)
        return reply(
            [b"SSH" if kind < 0.2 else OK.replace(b"200", b"503") if kind < 0.3 else OK], coin.random() / 10
        )

    plan = ClosedSlot(Target("memory", 1), (wire("/a"), wire("/b")), 16, 1.0, 0.05, timeout=0.5)
    slot = memory_run(plan, server)
    assert sum(sum(counts.values()) for counts in slot.counts.values()) == seen
    assert len(slot.sent) == len(slot.latency) == len(slot.cycle) == len(slot.outcome) == len(slot.request)
    assert sum(slot.counts["measure"].values()) == len(slot.outcome)
    assert set(slot.counts["measure"]) == {"ok", "bad_status", "reset", "timeout", "protocol"}
    assert slot.occupied == pytest.approx(1.0)
    assert slot.complaints == ()


def test_users_that_are_never_served_are_seen(slots):
    """A server keeps its two workers for the first two connections: that six users wait must not hide in a rate."""
    arrived = itertools.count()
    (slot,) = slots(
        lambda now: 20.0 if next(arrived) in range(2, 8) else 0.01, users=8, window=0.5, cycle=0.01
    )
    assert slot.starved == 6
    assert slot.ok_total > 100


@pytest.mark.parametrize("seed", range(20))
def test_slow_answers_among_fast_ones_starve_nobody(slots, seed):
    coin = random.Random(seed)
    found = slots(lambda now: coin.expovariate(2), users=16, window=1.0, cycle=0.5)
    assert found[0].starved == 0
