"""The exact counts per outcome of everything that the hostile server does."""

from __future__ import annotations

import pytest

from pytest_asyncbench.traffic.plan import Burst

COUNT = 6

ALL_OK = [
    "/ok",
    "/chunked",
    "/trailers",
    "/continue",
    "/early-hints",
    "/no-reason",
    "/204",
    "/204-with-length",
    "/until-close",
    "/until-close-empty",
    "/http10",
    "/connection-close",
    "/connection-close-garbage",
    "/close-after",
    "/reset-after",
    "/pieces",
    "/pieces-chunked",
    "/pieces-until-close",
    "/big",
    "/big-until-close",
]

HALF_OK = ["/garbage", "/garbage-later", "/half-an-answer", "/two-answers", "/too-short"]
"""The answer stands; what follows it cannot be told from the next one."""

ALL_FAIL = {
    "/302": "bad_status",
    "/304": "bad_status",
    "/304-with-length": "bad_status",
    "/500": "bad_status",
    "/500-chunked": "bad_status",
    "/too-long": "timeout",
    "/silent": "timeout",
    "/endless-headers": "timeout",
    "/endless-line": "timeout",
    "/reset-before": "reset",
    "/reset-inside": "reset",
    "/close": "reset",
    "/close-inside": "reset",
    "/close-in-head": "reset",
    "/close-in-chunks": "reset",
    "/not-http": "protocol",
    "/bad-chunk": "protocol",
    "/bad-header": "protocol",
    "/switch": "protocol",
}


def burst(hostile, request, users=1, count=COUNT, **words):
    return Burst(hostile.target, (request,), users, count, **words)


@pytest.mark.parametrize("path", ALL_OK)
def test_answers_that_are_ok(agent, hostile, wire, path):
    result = agent.run(burst(hostile, wire(path)))
    assert result.counts["measure"] == {"ok": COUNT}
    assert result.ok_total == result.answers == len(result.latency) == COUNT
    assert hostile.counts()["requests"][path] == COUNT


@pytest.mark.parametrize("path", HALF_OK)
def test_bytes_after_a_whole_answer_spoil_the_next(agent, hostile, wire, path):
    result = agent.run(burst(hostile, wire(path)))
    assert result.counts["measure"] == {"ok": COUNT / 2, "protocol": COUNT / 2}


@pytest.mark.parametrize(("path", "outcome"), ALL_FAIL.items())
def test_answers_that_are_not_ok(agent, hostile, wire, path, outcome):
    result = agent.run(burst(hostile, wire(path), timeout=0.15))
    assert result.counts["measure"] == {outcome: COUNT}
    assert result.ok_total == 0
    assert result.answers == (COUNT if outcome == "bad_status" else 0)
    assert len(result.first_failures[outcome]) == 3
    assert hostile.counts()["requests"][path] == COUNT + result.stale


@pytest.mark.parametrize(
    "path", ["/ok", "/chunked", "/204", "/304-with-length", "/500", "/until-close-empty"]
)
def test_head(agent, hostile, wire, path):
    request = wire(path, "HEAD", frozenset({200, 204, 304, 500}))
    result = agent.run(burst(hostile, request))
    assert result.counts["measure"] == {"ok": COUNT}


def test_head_between_others(agent, hostile, wire):
    requests = (wire("/ok", "HEAD"), wire("/ok"), wire("/too-short", "HEAD"))
    result = agent.run(Burst(hostile.target, requests, 2, 30))
    assert result.counts["measure"] == {"ok": 30}
    assert result.connections == 2
    assert [list(result.request).count(index) for index in range(3)] == [10, 10, 10]


@pytest.mark.parametrize("path", ["/304", "/304-with-length"])
def test_not_modified_where_it_is_expected(agent, hostile, wire, path):
    result = agent.run(burst(hostile, wire(path, expect=frozenset({304}))))
    assert result.counts["measure"] == {"ok": COUNT}
    assert result.connections == 1


def test_failures_are_explained(agent, hostile, wire):
    plain = agent.run(burst(hostile, wire("/500"))).first_failures
    chunked = agent.run(burst(hostile, wire("/500-chunked"))).first_failures
    assert plain["bad_status"][0] == "500 Internal Server Error: division by zero"
    assert chunked["bad_status"][0] == "500 Oops: badluck"


def test_a_reset_on_a_connection_that_was_there_before_is_retried_once(agent, hostile, wire):
    result = agent.run(burst(hostile, wire("/reset-before"), users=2))
    assert (
        result.stale == 2
    )  # the connections that were opened ahead; those opened for a request are not retried
    assert result.counts["measure"] == {"reset": COUNT}


def test_a_server_that_closes_after_every_answer_is_normal(agent, hostile, wire):
    result = agent.run(burst(hostile, wire("/close-after")))
    assert result.counts["measure"] == {"ok": COUNT}
    assert result.connections == COUNT
    assert hostile.counts()["requests"]["/close-after"] == COUNT


def test_without_keepalive_every_request_has_its_connection(agent, hostile, wire):
    result = agent.run(burst(hostile, wire("/ok"), users=3, count=30, keepalive=False))
    assert result.counts["measure"] == {"ok": 30}
    assert result.connections == 30
    assert result.stale == 0


def test_one_slow_answer_in_a_hundred(agent, hostile, wire):
    result = agent.run(burst(hostile, wire("/hundredth"), users=4, count=400))
    assert result.counts["measure"] == {"ok": 400}
    assert sum(latency > 0.09 for latency in result.latency) >= 4


def test_bytes_are_counted(agent, hostile, wire):
    result = agent.run(burst(hostile, wire("/big"), count=3))
    assert 30_000_000 < result.bytes_read < 30_001_000
