"""Load agents on a Dask cluster: the same results as locally, and no run that lost one of them is believed."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from pytest_asyncbench.agent import cluster
from pytest_asyncbench.agent.client import Agent
from pytest_asyncbench.agent.cluster import DaskLauncher
from pytest_asyncbench.agent.group import AgentGroup
from pytest_asyncbench.agent.launcher import LocalLauncher
from pytest_asyncbench.errors import AgentLost, ClusterError
from pytest_asyncbench.traffic.plan import Burst, ClosedSlot, OpenSlot

HERE = Path(__file__).parent


class Part:
    """A process of a Dask cluster."""

    def __init__(self, script: str, *arguments: str, **env: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **env},
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        assert self.address, "it has ended"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="session")
def local_cluster() -> Iterator[Part]:
    """A LocalCluster with three workers, each a process."""
    part = Part("dask_cluster.py", "3")
    yield part
    workers = psutil.Process(part.process.pid).children(recursive=True)
    try:
        part.process.communicate(timeout=30)
    finally:
        part.kill()
        for process in workers:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


@pytest.fixture(scope="module")
def launcher(local_cluster: Part) -> Iterator[DaskLauncher]:
    launcher = DaskLauncher.connect(f"dask://{local_cluster.address}")
    yield launcher
    launcher.close()


@pytest.fixture
def three(launcher: DaskLauncher) -> Iterator[AgentGroup]:
    with AgentGroup.start(launcher) as agents:
        yield agents


@pytest.fixture
def start() -> Iterator[Callable[..., Part]]:
    """Starts parts of a cluster, which are killed at the end."""
    parts: list[Part] = []

    def begin(*arguments: str, **env: str) -> Part:
        parts.append(Part("dask_host.py", *arguments, **env))
        return parts[-1]

    yield begin
    for part in parts:
        part.kill()


def ended(pid: int, patience: float = 30.0) -> bool:
    """Whether a process has gone, or does so soon."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        limit = time.monotonic() + patience
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > limit:
                return False
            time.sleep(0.05)
    return True


def sent(result: Any) -> int:
    return sum(sum(tally.values()) for phase, tally in result.counts.items() if phase != "connect")


def test_all_requests_of_all_agents_are_those_that_the_server_saw(three, hostile, wire):
    result = three.run(ClosedSlot(hostile.target, (wire("/ok"),), 7, 0.5))
    assert sent(result) == result.ok_total == hostile.counts()["requests"]["/ok"]
    assert (result.users, result.connections) == (7, 7)
    assert result.number == len(result.latency) == result.counts["measure"]["ok"]
    assert result.clock_error > 0


def test_totals_are_those_of_local_agents(three, start_hostile, wire):
    """What does not depend on speed is the same to the last request."""

    def totals(agents: AgentGroup) -> list[int]:
        server = start_hostile()
        opened = agents.run(OpenSlot(server.target, (wire("/ok"),), 150.0, 0.5, "poisson", seed="5"))
        burst = agents.run(Burst(server.target, (wire("/ok"),), 5, 33))
        assert sent(opened) + 33 == server.counts()["requests"]["/ok"]
        return [opened.number, burst.ok_total, sum(opened.counts["settle"].values())]

    with AgentGroup.start(LocalLauncher(3)) as local:
        assert totals(three) == totals(local)


def test_an_agent_that_starts_two_seconds_late_is_told(three, hostile, wire, monkeypatch):
    late = three.pids[1]
    held = Agent.until_held

    def stopped(agent: Agent) -> None:
        held(agent)
        if agent.pid == late:
            os.kill(late, signal.SIGSTOP)
            threading.Timer(2.0, os.kill, (late, signal.SIGCONT)).start()

    monkeypatch.setattr(Agent, "until_held", stopped)
    result = three.run(ClosedSlot(hostile.target, (wire("/ok"),), 3, 0.3))
    assert any(text.startswith("agent 2 of 3: it began ") for text in result.complaints)
    assert sent(result) == hostile.counts()["requests"]["/ok"]


def test_a_worker_killed_in_measure_ends_the_run_and_is_replaced_before_the_next(launcher, hostile, wire):
    def kill(phase: str) -> None:
        if phase == "measure":
            worker.kill()

    with AgentGroup.start(launcher) as agents:
        worker = psutil.Process(agents.pids[2]).parent().parent()
        assert "python" in worker.name()
        with pytest.raises(AgentLost, match=r"^load agent 3 of 3: "):
            agents.run(ClosedSlot(hostile.target, (wire("/ok"),), 6, 20.0), kill)
        assert agents.is_closed
        assert ended(agents.pids[2])
    assert all(map(ended, agents.pids))
    with AgentGroup.start(launcher) as others:
        assert len(set(others.pids)) == 3
        assert others.run(Burst(hostile.target, (wire("/ok"),), 3, 9)).ok_total == 9
    assert all(map(ended, others.pids))


def test_a_scheduler_without_workers_with_other_versions_and_gone(
    start, hostile, wire, tmp_path, monkeypatch
):
    monkeypatch.setattr(cluster, "WORKERS_LIMIT", 0.5)
    scheduler = start("scheduler", "127.0.0.1")
    address = f"dask://{scheduler.address}"
    with pytest.raises(ClusterError, match=r"has no workers; start one on each .*: dask worker "):
        DaskLauncher.connect(address)

    other = tmp_path / "pytest_asyncbench-9.9.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: pytest-asyncbench\nVersion: 9.9\n")
    monkeypatch.setattr(cluster, "WORKERS_LIMIT", 5.0)
    wrong = start("worker", scheduler.address, "127.0.0.1", PYTHONPATH=str(tmp_path))
    with pytest.raises(
        ClusterError, match=r"worker tcp://.* has pytest-asyncbench 9\.9 on Python .* pip install"
    ):
        DaskLauncher.connect(address)
    wrong.process.terminate()
    assert ended(wrong.process.pid)
    wrong.process.communicate()

    worker = start("worker", scheduler.address, "127.0.0.1")
    launcher = DaskLauncher.connect(address)
    agents = AgentGroup.start(launcher)

    def kill(phase: str) -> None:
        if phase == "measure":
            scheduler.kill()

    with pytest.raises(AgentLost, match=r"the Dask scheduler at .* has gone|closed the connection"):
        agents.run(ClosedSlot(hostile.target, (wire("/ok"),), 2, 20.0), kill)
    agents.close()
    assert ended(agents.pids[0])
    with pytest.raises(ClusterError, match="has gone"):
        launcher.launch()
    launcher.close()
    assert ended(worker.process.pid)
    with pytest.raises(
        ClusterError, match=f"there is no Dask scheduler at {scheduler.address} .*dask scheduler"
    ):
        DaskLauncher.connect(address)


ON_A_CLUSTER = """
import psutil, pytest
from pytest_asyncbench import granian
from pytest_asyncbench.items import bench

pytestmark = pytest.mark.server(granian("tiny:wsgi", interface="wsgi", workers=1, threads=4))

def test_it(load, request):
    evidence = load.get("/slow", users=5, duration="400ms").evidence
    slots = evidence.watched("server")  # also those that a busy machine made void
    assert slots[0].samples.connections == 5
    assert slots[0].samples.clock_error > 0
    assert slots[0].samples.ok_total == sum(sum(tally.values()) for tally in slots[0].samples.counts.values())
    assert any("the load agents' clocks were aligned within" in note for note in evidence.notes) or not evidence.rounds
    request.config.rootpath.joinpath("reached").touch()

def test_lost(load, request):
    psutil.Process(bench(request.config).agent().pids[1]).parent().parent().kill()
    load.get("/ok", users=6, duration="200ms")
"""


INI = """
[pytest]
asyncio_default_fixture_loop_scope = function
asyncbench_warmup = 300ms
asyncbench_slot = 200ms
"""


# In processes of their own: Dask brings importlib_metadata, which takes the place of the standard library's for a whole
# process; pytester undoes one half of that, and the next run in this process would find no plugin.


def test_a_test_with_its_load_from_a_cluster(local_cluster, pytester):
    """Of two tests the first is measured as ever, and the second loses an agent: INVALID.

    So may the first one be, in the end, on a machine that has other things to do.
    """
    shutil.copy(HERE.parent / "plugin" / "tiny.py", pytester.path)
    pytester.makepyfile(test_it=ON_A_CLUSTER)
    pytester.makeini(INI)
    result = pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", f"--asyncbench-agents=dask://{local_cluster.address}"
    )
    assert (pytester.path / "reached").exists()
    assert result.parseoutcomes()["failed"] in (1, 2)
    result.stdout.fnmatch_lines(
        ["*INVALID errors *: load agent * of 3: the load agent (pid * on worker tcp:*) was lost*"]
    )


def test_without_a_scheduler_nothing_is_started(pytester):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        at = f"127.0.0.1:{listener.getsockname()[1]}"
    pytester.makepyfile(test_it=ON_A_CLUSTER)
    pytester.makeini(INI)
    option = f"--asyncbench-agents=dask://{at}"
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", option)
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"*{option}: there is no Dask scheduler at {at} *dask scheduler --port*"])
    assert pytester.runpytest_subprocess("-p", "no:cacheprovider", "--collect-only", option).ret == 0


def test_what_is_no_scheduler(hostile, monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT_LIMIT", 1.0)
    with pytest.raises(ClusterError, match="does not answer like a Dask scheduler within 1 s"):
        DaskLauncher.connect(f"dask://127.0.0.1:{hostile.port}")


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(ClusterError, match=r"pip install 'pytest-asyncbench\[dask\]'"):
            DaskLauncher.connect(f"dask://127.0.0.1:{port}")
