"""Open loops: phases, connections, what is dropped and what is late, in virtual time and over real sockets."""

from __future__ import annotations

import os
import signal
import statistics
import threading

import pytest

from pytest_asyncbench.agent.client import SlotRefused
from pytest_asyncbench.measure import percentiles
from pytest_asyncbench.traffic.plan import Burst, OpenSlot, Target

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CLOSING = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


@pytest.fixture
def open_slot(memory_run, reply, wire):
    """Runs an open slot in virtual time against a server that takes `delay(now)` seconds."""

    def run(delay, rate, window=0.5, answer=OK, requests=("/",), **words):
        plan = OpenSlot(Target("memory", 1), tuple(map(wire, requests)), rate, window, **words)
        return memory_run(plan, lambda data, now: reply([answer], delay(now)))

    return run


def test_constant_arrivals_at_200_give_200(open_slot):
    slot = open_slot(lambda now: 0.018, 200)
    assert percentiles.rps([slot]) == pytest.approx(200, rel=1e-9)
    assert slot.counts["settle"] == {"ok": 40}
    assert slot.counts["measure"] == {"ok": 100}
    assert list(slot.latency) == pytest.approx([0.018] * 100)
    assert list(slot.send_delay) == pytest.approx([0.0] * 100, abs=1e-9)
    assert list(slot.sent) == pytest.approx([(n + 0.5) / 200 for n in range(100)], abs=1e-6)
    assert (slot.rate, slot.users, slot.connections, slot.complaints) == (200, 4, 4, ())
    assert slot.window == pytest.approx(0.5)
    assert slot.opened - slot.started == pytest.approx(0.2)


@pytest.mark.parametrize("rate", [1.0, 3.3, 7.0, 123.4])
def test_windows_are_whole_intervals(open_slot, rate):
    slot = open_slot(lambda now: 0.02, rate)
    assert percentiles.rps([slot]) == pytest.approx(rate, rel=1e-9)
    assert slot.window >= 0.5


def test_arrivals_go_on_until_what_was_measured_is_answered(open_slot):
    slot = open_slot(lambda now: 0.3, 100)
    assert slot.counts["tail"] == {"ok": pytest.approx(30, abs=1)}
    assert slot.ended - slot.closed == pytest.approx(0.6, abs=0.02)
    assert slot.users == pytest.approx(30, abs=1)


def test_what_takes_longer_than_the_tail_is_censored(open_slot):
    slow = iter([0.01] * 60 + [9.0])
    slot = open_slot(lambda now: next(slow, 0.01), 100)
    assert slot.counts["measure"] == {"ok": 49, "censored": 1}
    assert slot.late == {"ok": 1}
    assert slot.ok_total == sum(sum(counts.values()) for counts in slot.counts.values())
    assert percentiles.percentile([slot], 0.5) == pytest.approx(0.01)


def test_more_than_max_in_flight_are_dropped(open_slot):
    """Answers take 0.1 s at 100/s: ten are in flight, and five may be."""
    slot = open_slot(lambda now: 0.1005, 100, max_in_flight=5)
    measured = slot.counts["measure"]
    assert sum(measured.values()) == 50
    assert measured["dropped"] == pytest.approx(25, abs=3)
    assert (slot.users, slot.connections) == (5, 5)
    assert slot.first_failures["dropped"][0] == "5 requests were in flight (max_in_flight)"
    assert percentiles.rps([slot]) == pytest.approx(2 * measured["ok"])
    assert slot.complaints == (), "that is the plan's fault"


def test_connections_are_opened_again_where_they_end(open_slot):
    slot = open_slot(lambda now: 0.018, 100, answer=CLOSING)
    requests = sum(sum(counts.values()) for counts in slot.counts.values())
    assert slot.connections == slot.ok_total == requests
    assert slot.users == 2


def test_requests_are_sent_in_turn(open_slot):
    slot = open_slot(lambda now: 0.07, 90, window=1.0, requests=("/a", "/b", "/c"))
    assert [list(slot.request).count(index) for index in range(3)] == [30, 30, 30]


def test_poisson_arrivals_follow_their_seed(open_slot):
    first, again, other = (
        open_slot(lambda now: 0.01, 300, arrivals="poisson", seed=seed, window=2.0) for seed in "aab"
    )
    assert list(first.sent) == list(again.sent) != list(other.sent)
    assert len(first.sent) == pytest.approx(600, abs=100)
    gaps = [after - before for before, after in zip(first.sent, first.sent[1:], strict=False)]
    assert statistics.pstdev(gaps) == pytest.approx(1 / 300, rel=0.2)


def test_a_window_is_stretched_for_enough_random_starts(open_slot):
    slot = open_slot(lambda now: 0.01, 100, arrivals="poisson", least=120)
    assert len(slot.outcome) >= 120
    assert 0.9 < slot.window < 1.6


def test_nobody_listens(memory_run, wire):
    def refuse():
        raise ConnectionRefusedError(111, "Connection refused")

    plan = OpenSlot(Target("memory", 1), (wire("/"),), 100, 0.5)
    slot = memory_run(plan, lambda data, now: None, refuse)
    assert slot.counts["measure"] == {"refused": 50}
    assert percentiles.rps([slot]) == 0


def test_answers_that_do_not_come_in_time(open_slot):
    slot = open_slot(lambda now: 9.0, 100, timeout=0.3)
    assert slot.counts["measure"] == {"timeout": 50}
    assert max(slot.latency) < 0.35


def test_every_request_is_counted(agent, hostile, wire):
    phases = []
    plan = OpenSlot(hostile.target, (wire("/after/5"),), 200, 0.5, arrivals="poisson", seed="1")
    result = agent.run(plan, phases.append)
    assert phases == ["connect", "settle", "measure", "tail", "drain"]
    sent = sum(n for counts in result.counts.values() for how, n in counts.items() if how != "client_lag")
    assert hostile.counts()["requests"]["/after/5"] == sent == result.ok_total == result.answers
    assert len(result.sent) == len(result.latency) == len(result.outcome) == len(result.send_delay)
    assert min(result.send_delay) >= 0
    assert percentiles.service_time([result]) >= 0.005
    assert percentiles.mean([result]) >= percentiles.service_time([result])
    assert result.window == pytest.approx(0.5)


def test_a_late_agent_complains(agent, hostile, wire):
    def starve(phase):
        if phase == "measure":
            os.kill(agent.pid, signal.SIGSTOP)
            threading.Timer(0.4, os.kill, (agent.pid, signal.SIGCONT)).start()

    result = agent.run(OpenSlot(hostile.target, (wire("/ok"),), 200, 1.0), starve)
    assert sum(result.counts["measure"].values()) == 200, "what was not sent is counted, too"
    assert result.counts["measure"]["client_lag"] >= 40
    assert "a start was 0." in result.first_failures["client_lag"][0]
    lag, late = result.complaints[0], result.complaints[-1]
    assert "failed in the load agent: sent too late" in lag
    assert "send_delay has a p99 of" in late


def test_an_open_loop_can_be_cancelled(agent, hostile, wire):
    from pytest_asyncbench.agent.client import SlotCancelled

    plan = OpenSlot(hostile.target, (wire("/ok"),), 100, 20.0)
    with pytest.raises(SlotCancelled):
        agent.run(plan, lambda phase: agent.cancel() if phase == "measure" else None)
    assert agent.run(Burst(hostile.target, (wire("/ok"),), 1, 3)).ok_total == 3


def test_more_in_flight_than_files(agent, hostile, wire):
    with pytest.raises(SlotRefused, match="requests in flight need"):
        agent.run(OpenSlot(hostile.target, (wire("/ok"),), 100, 0.5, max_in_flight=10**7))
