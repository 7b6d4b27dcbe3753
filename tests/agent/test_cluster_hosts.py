"""Hosts of their own for scheduler, agents and server: network namespaces, one of them with another clock."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic

import pytest

from pytest_asyncbench.agent import wire as tcp
from pytest_asyncbench.agent.client import SlotRefused
from pytest_asyncbench.agent.cluster import DaskLauncher
from pytest_asyncbench.agent.group import AgentGroup
from pytest_asyncbench.agent.seat import own_network
from pytest_asyncbench.errors import AgentLost
from pytest_asyncbench.traffic.clocks import UNKNOWN
from pytest_asyncbench.traffic.plan import Burst, ClosedSlot, Target, WireRequest

HERE = Path(__file__).parent
AHEAD = 5.0
"""Seconds by which the clock of one host is ahead."""
ERROR = 0.002


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


class Network:
    """A bridge of this host, and hosts on it."""

    def __init__(self, stack: ExitStack) -> None:
        self.stack = stack
        self.name = f"ab{os.getpid() % 100_000}"
        self.subnet = f"10.213.{os.getpid() % 250}"
        self.hosts: list[str] = []
        """Our ends of their cables."""
        ip("link", "add", self.name, "type", "bridge")
        stack.callback(ip, "link", "delete", self.name)
        ip("address", "add", f"{self.subnet}.1/24", "dev", self.name)
        ip("link", "set", self.name, "up")

    def add(self) -> tuple[str, str]:
        """A new host: its namespace, and its address."""
        number = len(self.hosts) + 2
        host, ours, theirs = f"{self.name}h{number}", f"{self.name}v{number}", f"{self.name}w{number}"
        ip("netns", "add", host)
        self.stack.callback(ip, "netns", "delete", host)
        ip("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", host)
        ip("link", "set", ours, "master", self.name, "up")
        address = f"{self.subnet}.{number}"
        ip("-n", host, "address", "add", f"{address}/24", "dev", theirs)
        ip("-n", host, "link", "set", theirs, "up")
        ip("-n", host, "link", "set", "lo", "up")
        self.hosts.append(ours)
        return host, address

    def run(self, host: str, script: str, *arguments: str, ahead: float = 0.0) -> str:
        """Start a script on a host; the line that it prints when it is there."""
        clock = ["unshare", "--time", "--fork", "--kill-child", "--monotonic", f"{ahead:g}"] if ahead else []
        process = subprocess.Popen(
            ["ip", "netns", "exec", host, *clock, sys.executable, str(HERE / script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.stack.callback(process.communicate)
        self.stack.callback(process.kill)
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        assert line, "it has ended"
        return line


class Hosts:
    """Two agents on two hosts, and a counting server on a third."""

    def __init__(self, network: Network) -> None:
        self.network = network
        scheduler, at = network.add()
        scheduler_address = network.run(scheduler, "dask_host.py", "scheduler", at)
        for ahead in (0.0, AHEAD):
            host, at = network.add()
            network.run(host, "dask_host.py", "worker", scheduler_address, at, ahead=ahead)
        host, at = network.add()
        self.target = Target(at, int(network.run(host, "hostile.py", at)))
        self.launcher = DaskLauncher.connect(f"dask://{scheduler_address}")
        network.stack.callback(self.launcher.close)
        self.agents = AgentGroup.start(self.launcher)
        network.stack.callback(self.agents.close)

    def counts(self) -> int:
        url = f"http://{self.target.host}:{self.target.port}/counts"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return int(json.load(answer)["requests"].get("/ok", 0))


@pytest.fixture(scope="module")
def hosts() -> Iterator[Hosts]:
    if os.geteuid():
        pytest.skip("network namespaces need root")
    if not shutil.which("ip"):
        pytest.skip("network namespaces need the program ip (iproute2)")
    with ExitStack() as stack:
        try:
            network = Network(stack)
            network.add()
        except subprocess.CalledProcessError as error:
            pytest.skip(f"there can be no network namespaces here: {error.stderr.strip()}")
        yield Hosts(network)


def test_what_all_hosts_sent_is_what_the_server_saw(hosts: Hosts, wire: Callable[..., WireRequest]) -> None:
    before = hosts.counts()
    result = hosts.agents.run(ClosedSlot(hosts.target, (wire("/ok"),), 6, 0.5))
    sent = sum(sum(tally.values()) for phase, tally in result.counts.items() if phase != "connect")
    assert sent == hosts.counts() - before > 0
    assert (result.users, result.connections) == (6, 6)
    assert len({agent.seat.network for agent in hosts.agents.each} | {own_network()}) == 3


def test_clocks_five_seconds_apart_line_up(hosts: Hosts, wire: Callable[..., WireRequest]) -> None:
    for agent, truth in zip(hosts.agents.each, (0.0, AHEAD), strict=True):
        limit = monotonic() + 30
        agent.offset = UNKNOWN
        while (
            not agent.offset.error < ERROR or agent.offset is UNKNOWN
        ):  # a busy machine answers late now and then
            assert monotonic() < limit
            agent.offset = UNKNOWN
            agent.align()
        assert abs(agent.offset.seconds - truth) <= agent.offset.error < ERROR
    began = monotonic()
    plan = Burst(hosts.target, (wire("/ok"),), 1, 10)
    each = [agent.run(plan) for agent in hosts.agents.each]
    times = [time for result in each for time in (result.started, result.opened, result.closed, result.ended)]
    assert times == sorted(times)  # one after the other, to within what the clocks are known
    assert began - ERROR < times[0] < times[-1] < monotonic() + ERROR
    assert all(result.clock_error < ERROR for result in each)


def test_a_server_on_our_loopback_is_refused_with_what_to_do(
    hosts: Hosts, wire: Callable[..., WireRequest]
) -> None:
    with pytest.raises(
        SlotRefused,
        match=r"listens at 127\.0\.0\.1:9, which only this host can reach, and 2 of 2 .*external\(",
    ):
        hosts.agents.run(Burst(Target("127.0.0.1", 9), (wire("/ok"),), 2, 2))


def test_a_host_that_vanishes_in_measure_ends_the_run(
    hosts: Hosts, wire: Callable[..., WireRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody closes the connection: only its silence tells. The last test, since the host is gone then."""
    hosts.agents.close()  # a worker has one agent
    monkeypatch.setattr(
        tcp, "OPTIONS", ((*tcp.OPTIONS, ("TCP_KEEPIDLE", 1), ("TCP_KEEPINTVL", 1), ("TCP_KEEPCNT", 2)))
    )
    cable = hosts.network.hosts[-2]

    def cut(phase: str) -> None:
        if phase == "measure":
            ip("link", "set", cable, "down")

    with AgentGroup.start(hosts.launcher) as agents:
        began = monotonic()
        with pytest.raises(AgentLost, match=r"^load agent 2 of 2: "):
            agents.run(ClosedSlot(hosts.target, (wire("/ok"),), 4, 120.0), cut)
        assert monotonic() - began < 60
