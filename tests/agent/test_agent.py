"""The agent as a process: cancelled, killed, stopped, orphaned."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from pytest_asyncbench.agent import client
from pytest_asyncbench.agent.client import Agent, SlotCancelled
from pytest_asyncbench.errors import AgentLost
from pytest_asyncbench.traffic.plan import Burst, ClosedSlot


@pytest.fixture
def own_agent():
    with Agent.start() as agent:
        yield agent


def burst(hostile, wire):
    return Burst(hostile.target, (wire("/ok"),), 2, 10)


def endless(hostile, wire, path="/silent"):
    return ClosedSlot(hostile.target, (wire(path),), 4, 20.0)


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return b"\nState:\tZ" in Path(f"/proc/{pid}/status").read_bytes()


def eventually(condition, limit=5.0):
    until = time.monotonic() + limit
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    return condition()


def test_one_process_for_all_slots(own_agent, hostile, wire):
    pid = own_agent.pid
    for _ in range(3):
        assert own_agent.run(burst(hostile, wire)).ok_total == 10
    assert own_agent.pid == pid


@pytest.mark.parametrize("path", ["/silent", "/ok"])
def test_cancel_from_another_thread(own_agent, hostile, wire, path):
    cancelled = []

    def cancel():
        cancelled.append(time.monotonic())
        own_agent.cancel()

    def later(phase):
        if phase == "measure":
            threading.Timer(0.1, cancel).start()

    with pytest.raises(SlotCancelled):
        own_agent.run(endless(hostile, wire, path), later)
    assert time.monotonic() - cancelled[0] < 0.5  # 10 ms on a quiet machine
    assert own_agent.run(burst(hostile, wire)).ok_total == 10


def test_cancel_without_a_slot_does_nothing(own_agent, hostile, wire):
    own_agent.cancel()
    assert own_agent.run(burst(hostile, wire)).ok_total == 10


def test_ctrl_c_ends_the_slot_and_leaves_the_agent_usable(own_agent, hostile, wire):
    def interrupt(phase):
        if phase == "measure":
            raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        own_agent.run(endless(hostile, wire), interrupt)
    assert time.monotonic() - started < 2
    assert own_agent.run(burst(hostile, wire)).ok_total == 10


def test_sigint_to_the_agent_itself_is_not_its_business(own_agent, hostile, wire):
    own_agent.run(burst(hostile, wire))
    os.kill(own_agent.pid, signal.SIGINT)
    assert own_agent.run(burst(hostile, wire)).ok_total == 10


def test_a_killed_agent_is_lost_with_its_exit_code(own_agent, hostile, wire):
    def kill(phase):
        if phase == "measure":
            os.kill(own_agent.pid, signal.SIGKILL)

    with pytest.raises(AgentLost, match=r"it (ended|closed the connection), exit code -9"):
        own_agent.run(endless(hostile, wire), kill)
    with pytest.raises(AgentLost, match="closed"):
        own_agent.run(burst(hostile, wire))


def test_a_silent_agent_is_lost_after_the_plans_longest_time(own_agent, hostile, wire, monkeypatch):
    monkeypatch.setattr(client, "longest_time", lambda plan: 0.0)
    monkeypatch.setattr(client, "PATIENCE", 1.0)
    own_agent.run(burst(hostile, wire))
    os.kill(own_agent.pid, signal.SIGSTOP)
    with pytest.raises(AgentLost, match="silent for 1 s"):
        own_agent.run(burst(hostile, wire))
    assert eventually(lambda: gone(own_agent.pid))


def test_a_bug_in_the_agent_is_reported_and_ends_only_its_slot(own_agent, hostile, wire):
    with pytest.raises(AgentLost, match="ZeroDivisionError"):
        own_agent.run(Burst(hostile.target, (), 2, 10))
    assert own_agent.run(burst(hostile, wire)).ok_total == 10


def test_the_log_of_a_lost_agent_is_shown(hostile, wire, tmp_path):
    agent = Agent.start(tmp_path / "agent.log")
    (tmp_path / "agent.log").write_text("Fatal Python error: out of luck\n")
    os.kill(agent.pid, signal.SIGKILL)
    with pytest.raises(AgentLost, match="Fatal Python error: out of luck"):
        agent.run(burst(hostile, wire))


def test_closing_leaves_nothing(hostile, wire, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    agent = Agent.start()
    agent.run(burst(hostile, wire))
    agent.close()
    agent.close()
    assert gone(agent.pid)
    assert list(tmp_path.iterdir()) == []


CONTROLLER = """
import sys
import tempfile
from pytest_asyncbench.agent.client import Agent
from pytest_asyncbench.traffic.plan import ClosedSlot, Target, WireRequest

agent = Agent.start()
request = WireRequest("GET /silent", "GET", b"GET /silent HTTP/1.1\\r\\n\\r\\n", frozenset({200}))
def say(phase):
    sys.stdout.write(f"{agent.pid}\\n")
    sys.stdout.flush()
agent.run(ClosedSlot(Target("127.0.0.1", int(sys.argv[1])), (request,), 4, 60.0), say)
"""


def test_when_the_controller_is_killed_the_agent_ends(hostile):
    controller = subprocess.Popen(
        [sys.executable, "-c", CONTROLLER, str(hostile.port)], stdout=subprocess.PIPE
    )
    pid = int(controller.stdout.readline())
    assert not gone(pid)
    controller.kill()
    controller.communicate()
    assert eventually(lambda: gone(pid))


def test_starting_imports_neither_pytest_nor_httpx():
    code = "import sys, pytest_asyncbench.agent.__main__; print(*sys.modules)"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "uvloop" not in output.split()  # nor the loop itself, before it is needed
    assert not {"pytest", "_pytest", "httpx", "psutil"} & set(output.split())
