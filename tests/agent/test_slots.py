"""Slots over real sockets: phases, dying servers, time-outs, self-checks."""

from __future__ import annotations

import errno
import os
import resource
import signal
import socket
import threading
import time

import pytest

from pytest_asyncbench.agent import checks
from pytest_asyncbench.agent.client import SlotRefused
from pytest_asyncbench.measure import percentiles
from pytest_asyncbench.measure.slot import Slot
from pytest_asyncbench.measure.voids import why_void
from pytest_asyncbench.traffic.plan import Burst, ClosedSlot, Target


def requests_in(counts):
    return sum(sum(count.values()) for phase, count in counts.items() if phase != "connect")


@pytest.mark.parametrize(("users", "milliseconds"), [(8, 20), (16, 600)])
def test_the_estimate_is_near_the_truth(agent, hostile, wire, users, milliseconds):
    service = milliseconds / 1000
    plan = ClosedSlot(hostile.target, (wire(f"/after/{milliseconds}"),), users, max(0.5, service), service)
    result = agent.run(plan)
    assert (
        0.5 < percentiles.rps([result]) / (users / service) < 1.03
    )  # a busy machine is slower, never faster
    assert result.counts["measure"] == {"ok": len(result.outcome)}


def test_every_request_is_counted(agent, hostile, wire):
    phases = []
    before = time.monotonic()
    result = agent.run(ClosedSlot(hostile.target, (wire("/ok"),), 16, 0.5, 0.01), phases.append)
    assert phases == ["connect", "settle", "measure", "tail", "drain"]
    assert before < result.started < result.opened < result.closed <= result.ended < time.monotonic()
    assert result.opened - result.started >= 0.199
    assert result.window == result.closed - result.opened
    assert all(0 <= sent <= result.window for sent in result.sent)
    assert (
        hostile.counts()["requests"]["/ok"] == requests_in(result.counts) == result.ok_total == result.answers
    )
    assert result.connections == hostile.counts()["connections"] - 2 == 16
    assert result.occupied >= 0.98
    assert 0 < result.agent_cpu < 1


def test_several_requests_in_turn(agent, hostile, wire):
    plan = ClosedSlot(hostile.target, (wire("/after/1"), wire("/after/2"), wire("/500")), 6, 0.5)
    result = agent.run(plan)
    shares = [list(result.request).count(index) / len(result.request) for index in range(3)]
    assert shares == pytest.approx([1 / 3] * 3, abs=0.05)
    failed = {result.request[i] for i, outcome in enumerate(result.outcome) if outcome}
    assert failed == {2}


def test_an_all_500_server_has_no_rps(agent, hostile, wire):
    result = agent.run(ClosedSlot(hostile.target, (wire("/500"),), 4, 0.3))
    assert set(result.counts["measure"]) == {"bad_status"}
    assert percentiles.rps([result]) == 0


def test_a_dead_server(agent, wire):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        target = Target("127.0.0.1", nobody.getsockname()[1])
        started = time.monotonic()
        result = agent.run(ClosedSlot(target, (wire("/"),), 8, 2.5))
    assert time.monotonic() - started < 10
    assert set(result.counts["measure"]) == set(result.counts["connect"]) == {"refused"}
    assert result.counts["connect"]["refused"] >= 8 * 3
    assert 8 <= result.counts["measure"]["refused"] < 8 * 10  # no user spins
    assert result.occupied >= 0.98  # waiting before the next attempt is the server's fault
    assert "Connect" in result.first_failures["refused"][0]


def test_a_server_that_is_killed(agent, hostile, wire):
    def kill(phase):
        if phase == "measure":
            threading.Timer(0.3, hostile.kill).start()

    result = agent.run(ClosedSlot(hostile.target, (wire("/after/50"),), 8, 1.0, 0.05), kill)
    assert set(result.counts["measure"]) == {"ok", "reset", "refused"}
    assert result.counts["measure"]["reset"] == 8  # what was in flight
    assert requests_in(result.counts) == len(result.outcome) + sum(
        sum(result.counts[phase].values()) for phase in ("settle", "tail")
    )


def test_a_server_that_accepts_nobody(agent, wire):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            assert filler.connect_ex(address) in (0, errno.EINPROGRESS)
        result = agent.run(Burst(Target(*address), (wire("/"),), 2, 2, connect_timeout=0.3))
        for filler in fillers:
            filler.close()
    assert result.counts["measure"] == {"connect_timeout": 2}


def test_a_name_is_looked_up(agent, hostile, wire):
    result = agent.run(Burst(Target("localhost", hostile.port), (wire("/ok"),), 1, 3))
    assert result.counts["measure"] == {"ok": 3}


def test_a_host_without_address_is_refused(agent, wire):
    with pytest.raises(SlotRefused, match=r"no address for the host 'nowhere\.invalid'"):
        agent.run(Burst(Target("nowhere.invalid", 1), (wire("/"),), 1, 1))


def test_a_burst_sends_each_request_equally_often(agent, hostile, wire):
    paths = ["/ok", "/after/5", "/chunked"]
    result = agent.run(Burst(hostile.target, tuple(map(wire, paths)), 4, 31))
    assert [list(result.request).count(index) for index in range(3)] == [11, 10, 10]
    assert [hostile.counts()["requests"][path] for path in paths] == [11, 10, 10]


def test_files_that_run_out_are_the_generators_fault(hostile, wire):
    from pytest_asyncbench.agent.client import Agent

    with Agent.start() as agent:

        def take_files(phase):
            if phase == "measure":
                resource.prlimit(agent.pid, resource.RLIMIT_NOFILE, (5, 5))

        plan = ClosedSlot(hostile.target, (wire("/connection-close"),), 4, 0.5)
        result = agent.run(plan, take_files)
        assert result.counts["measure"]["client_fd"]
        assert any("no free file descriptor" in complaint for complaint in result.complaints)
        with pytest.raises(SlotRefused, match=r"4 users need 68 open files; this process may have 5"):
            agent.run(plan)


def test_ports_that_do_not_suffice(tmp_path, monkeypatch):
    ports = tmp_path / "ip_local_port_range"
    ports.write_text("32768\t32867\n")
    monkeypatch.setattr(checks, "PORTS", ports)
    assert checks.shortage(36) == ""
    assert "37 users need 101 local ports; the system gives 100" in checks.shortage(37)


def test_self_checks_say_what_they_saw():
    assert checks.complaints({"measure": {"ok": 5}}, 0.8) == checks.cautions(0.8, 0.98) == ()
    ports, cpu = checks.complaints({"measure": {"client_port": 2}, "tail": {"client_port": 1}}, 0.93)
    (occupied,) = checks.cautions(0.8, 0.9)
    assert ports == "3 requests failed in the load agent: no free local port (EADDRNOTAVAIL)"
    assert "93% of a core" in cpu
    assert "90.0% of their time" in occupied


def test_ports_that_run_out_are_the_generators_fault(memory_run, reply, wire):
    free = iter(range(20))

    def connect():
        if next(free, None) is None:
            raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")

    closing = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    plan = Burst(Target("memory", 1), (wire("/"),), 2, 30)
    result = memory_run(plan, lambda data, now: reply([closing], 0.01), connect)
    assert result.counts["measure"] == {"ok": 20, "client_port": 10}
    assert result.complaints == ("10 requests failed in the load agent: no free local port (EADDRNOTAVAIL)",)


def test_a_starved_agent_voids_the_round(agent, hostile, wire):
    def starve(phase):
        if phase == "measure":  # it may be told late, so the slot is long: half of it is left in any case
            os.kill(agent.pid, signal.SIGSTOP)
            threading.Timer(0.3, os.kill, (agent.pid, signal.SIGCONT)).start()

    result = agent.run(ClosedSlot(hostile.target, (wire("/ok"),), 4, 2.0, think_time=0.02), starve)
    assert result.occupied < 0.98
    assert why_void([Slot("a", 1, result)]).startswith("the load agent did not keep up (users were in flight")
