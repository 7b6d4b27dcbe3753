"""How far a server is, measured by handshakes."""

from __future__ import annotations

import socket

import pytest

from pytest_asyncbench.agent import round_trip as module
from pytest_asyncbench.agent.round_trip import TRIES, is_loopback, round_trip
from pytest_asyncbench.agent.service import Service
from pytest_asyncbench.traffic.plan import Target


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        yield listening.getsockname()[1]


def test_it_takes_some_time_and_not_much(listener):
    assert 0 < round_trip("127.0.0.1", listener) < 1


def test_the_fastest_handshake_counts(monkeypatch):
    times = iter([0.02, 0.005, 0.3, 0.006, 0.1, 0.1, 0.1])
    monkeypatch.setattr(module, "handshake", lambda *_: next(times))
    assert round_trip("far", 80) == 0.005
    assert next(times, None) is None, f"it takes {TRIES}"


def test_what_was_measured_before_it_broke_off_counts(monkeypatch):
    def handshake(*_):
        if not times:
            raise ConnectionResetError
        return times.pop()

    times = [0.2]
    monkeypatch.setattr(module, "handshake", handshake)
    assert round_trip("far", 80) == 0.2
    assert round_trip("far", 80) is None


def test_a_server_that_is_very_far_is_asked_once(monkeypatch):
    clock = iter([0.0, 0.0, 5.0])
    monkeypatch.setattr(module, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(module, "handshake", lambda *_: 0.9)
    assert round_trip("far", 80) == 0.9


def test_nobody_there(listener):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert round_trip("127.0.0.1", closed.getsockname()[1]) is None
    assert round_trip("no-such-host.invalid", 80) is None


@pytest.mark.parametrize(
    ("host", "near"),
    [
        ("", True),
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.3.2.1", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("fe80::1%eth0", False),
        ("example.org", False),
    ],
)
def test_where_there_is_no_network(host, near):
    assert is_loopback(host) is near


def test_an_agent_measures_each_target_once_and_what_is_near_not_at_all(monkeypatch):
    asked = []

    def answer(host, port):
        asked.append((host, port))
        return {"10.0.0.1": 0.01}.get(host)

    monkeypatch.setattr("pytest_asyncbench.agent.service.round_trip", answer)
    service = Service(channel=None, loop=None)
    far, gone = Target("far", 80), Target("gone", 80)
    assert [service._round_trips(far, "10.0.0.1") for _ in range(2)] == [(0.01,)] * 2
    assert [service._round_trips(gone, "10.0.0.2") for _ in range(2)] == [()] * 2
    assert service._round_trips(Target("localhost", 80), "127.0.0.1") == ()
    assert service._round_trips(Target("localhost", 80, path="/s"), "") == ()
    assert asked == [("10.0.0.1", 80), ("10.0.0.2", 80), ("10.0.0.2", 80)], (
        "what did not answer may do so later"
    )
