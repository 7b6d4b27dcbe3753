"""Several agents as one: every request of every agent is counted, and none is left behind."""

from __future__ import annotations

import os
import signal
import threading
import time
from array import array
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_asyncbench.agent import group
from pytest_asyncbench.agent.client import Agent, SlotCancelled, SlotRefused
from pytest_asyncbench.agent.group import AgentGroup
from pytest_asyncbench.agent.launcher import LocalLauncher
from pytest_asyncbench.bench import Bench
from pytest_asyncbench.errors import AgentLost
from pytest_asyncbench.measure.percentiles import rps
from pytest_asyncbench.traffic.arrivals import starts_of
from pytest_asyncbench.traffic.flow import FLOW_STATUSES, flow, wire_flow
from pytest_asyncbench.traffic.plan import Burst, ClosedSlot, OpenSlot
from pytest_asyncbench.traffic.sending import Stock


@pytest.fixture(scope="module")
def two():
    with AgentGroup.start(LocalLauncher(2)) as agents:
        yield agents


@pytest.fixture
def own_two():
    with AgentGroup.start(LocalLauncher(2)) as agents:
        yield agents


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return b"\nState:\tZ" in Path(f"/proc/{pid}/status").read_bytes()


def test_all_requests_of_all_agents_are_those_that_the_server_saw(two, hostile, wire):
    result = two.run(ClosedSlot(hostile.target, (wire("/ok"),), 5, 0.5))
    sent = sum(sum(tally.values()) for phase, tally in result.counts.items() if phase != "connect")
    assert sent == hostile.counts()["requests"]["/ok"]
    assert result.ok_total == sent
    assert (result.users, result.connections) == (5, 5)
    assert len(result.outcome) == len(result.latency) == len(result.sent) == result.counts["measure"]["ok"]
    assert 0 < result.window <= 0.6


def test_a_burst_is_exact(two, hostile, wire):
    assert two.run(Burst(hostile.target, (wire("/ok"),), 5, 33)).ok_total == 33
    assert hostile.counts()["requests"]["/ok"] == 33


@pytest.mark.parametrize("arrivals", ["constant", "poisson"])
def test_the_starts_of_an_open_loop_are_divided_exactly(two, hostile, wire, arrivals):
    plan = OpenSlot(hostile.target, (wire("/ok"),), 200.0, 0.5, arrivals, seed="3")
    result = two.run(plan)
    assert len(result.outcome) == starts_of(plan).measured
    assert (result.rate, result.window) == (200, pytest.approx(0.5))
    assert result.ok_total == hostile.counts()["requests"]["/ok"]
    if arrivals == "constant":
        assert rps([result]) == pytest.approx(200)


def test_requests_made_ahead_are_each_sent_once(two, hostile, wire):
    kind = replace(wire("/ok"), data=b"")
    stock = Stock((kind,), array("I", [0] * 90), [wire("/ok").data] * 90)
    result = two.run(Burst(hostile.target, stock, 4, 60))
    assert (sum(result.used), result.ok_total, result.ran_out) == (60, 60, False)
    few = two.run(ClosedSlot(hostile.target, stock, 4, 20.0))
    assert (few.used, few.ok_total, few.ran_out) == ((45, 45), 90, True)


def test_visits_of_all_agents_are_counted_with_their_steps(two, hostile):
    async def visit(client):
        await client.get("/ok")
        await client.get("/chunked")

    target = hostile.target
    wired = wire_flow(flow("load.flow(visit)", visit), host=f"127.0.0.1:{target.port}", expect=FLOW_STATUSES)
    result = two.run(Burst(target, (wired,), 4, 20))
    assert (result.ok_total, result.answers) == (20, 40)
    assert {name: step.totals for name, step in result.steps.items()} == {
        "GET /ok": {"ok": 20},
        "GET /chunked": {"ok": 20},
    }
    assert len(result.steps["GET /ok"].latency) == 20


def test_one_user_takes_one_agent(two, hostile, wire):
    phases = []
    assert two.run(Burst(hostile.target, (wire("/ok"),), 1, 3), phases.append).ok_total == 3
    assert "hold" not in phases


def test_nobody_sends_before_all_are_connected(two, hostile, wire, monkeypatch):
    """The second agent is connected late; the first has sent nothing until then."""
    seen = []
    held = Agent.until_held

    def looked(agent):
        held(agent)
        seen.append(hostile.counts()["requests"].get("/ok", 0))
        time.sleep(0.1)

    monkeypatch.setattr(Agent, "until_held", looked)
    result = two.run(ClosedSlot(hostile.target, (wire("/ok"),), 2, 0.3))
    assert seen == [0, 0]
    assert result.ok_total == hostile.counts()["requests"]["/ok"]


def test_a_lost_agent_is_named_and_ends_the_slot_of_all(own_two, hostile, wire):
    def kill(phase):
        if phase == "measure":
            os.kill(own_two.pids[1], signal.SIGKILL)

    began = time.monotonic()
    with pytest.raises(AgentLost, match=r"^load agent 2 of 2: .*it (ended|closed the connection)"):
        own_two.run(ClosedSlot(hostile.target, (wire("/ok"),), 4, 60.0), kill)
    assert own_two.is_closed
    assert time.monotonic() - began < 30  # it is not noticed only when the other has done its part


def test_an_agent_lost_before_the_start_ends_the_slot_of_all(own_two, hostile, wire):
    own_two.run(Burst(hostile.target, (wire("/ok"),), 2, 2))
    os.kill(own_two.pids[1], signal.SIGKILL)
    with pytest.raises(AgentLost, match="load agent 2 of 2"):
        own_two.run(ClosedSlot(hostile.target, (wire("/ok"),), 4, 20.0))


def test_a_slot_that_one_cannot_run_is_no_slot_for_the_others(two, hostile, wire, monkeypatch):
    monkeypatch.setattr(group, "local_ports", lambda: 100)
    with pytest.raises(SlotRefused, match="50 users need 114 local ports; the system gives 100"):
        two.run(Burst(hostile.target, (wire("/ok"),), 50, 50))
    with pytest.raises(AgentLost, match=r"(?s)^load agent 1 of 2: .*ZeroDivisionError"):
        two.run(Burst(hostile.target, (), 2, 10))
    assert two.run(Burst(hostile.target, (wire("/ok"),), 2, 10)).ok_total == 10


def test_cancel_from_another_thread(two, hostile, wire):
    def later(phase):
        if phase == "measure":
            threading.Timer(0.1, two.cancel).start()

    began = time.monotonic()
    with pytest.raises(SlotCancelled):
        two.run(ClosedSlot(hostile.target, (wire("/silent"),), 4, 20.0), later)
    assert time.monotonic() - began < 10
    assert two.run(Burst(hostile.target, (wire("/ok"),), 2, 10)).ok_total == 10


def test_ctrl_c_ends_the_slot_of_all(two, hostile, wire):
    def interrupt(phase):
        if phase == "measure":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        two.run(ClosedSlot(hostile.target, (wire("/silent"),), 4, 20.0), interrupt)
    assert two.run(Burst(hostile.target, (wire("/ok"),), 2, 10)).ok_total == 10


def test_all_agents_are_gone_at_the_end(hostile, wire):
    bench = Bench("auto", "fast", 2)
    agents = bench.agent()
    assert bench.agent() is agents
    agents.run(Burst(hostile.target, (wire("/ok"),), 2, 2))
    pids = agents.pids
    assert len(set(pids)) == 2
    bench.close()
    assert all(gone(pid) for pid in pids)


def test_a_lost_agent_is_replaced(hostile, wire):
    bench = Bench("auto", "fast")
    agent = bench.agent()
    os.kill(agent.pid, signal.SIGKILL)
    with pytest.raises(AgentLost):
        agent.run(Burst(hostile.target, (wire("/ok"),), 2, 2))
    other = bench.agent()
    try:
        assert other is not agent
        assert other.run(Burst(hostile.target, (wire("/ok"),), 2, 2)).ok_total == 2
    finally:
        bench.close()
    assert gone(other.pid)
