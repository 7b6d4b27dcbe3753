"""What is sent and what is accepted, over real sockets: exact counts."""

from __future__ import annotations

import subprocess
import sys
from array import array
from collections import Counter
from pathlib import Path

import pytest
import trustme

from pytest_asyncbench.agent.client import SlotRefused
from pytest_asyncbench.traffic.expect import ExpectFunction, Expecting, expect_json, shipped
from pytest_asyncbench.traffic.plan import Burst, ClosedSlot, OpenSlot, Target, WireRequest
from pytest_asyncbench.traffic.requests import encode, request
from pytest_asyncbench.traffic.sending import Order, Stock

OK = frozenset(range(200, 300))


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture(scope="session")
def certificates(authority, tmp_path_factory):
    """Directory with the server's certificate (`server.pem`) and that of who signed it (`ca.pem`)."""
    home = tmp_path_factory.mktemp("certificates")
    authority.issue_cert("127.0.0.1", "shop.example").private_key_and_cert_chain_pem.write_to_path(
        home / "server.pem"
    )
    authority.cert_pem.write_to_path(home / "ca.pem")
    trustme.CA().cert_pem.write_to_path(home / "other.pem")
    return home


@pytest.fixture
def recorder():
    started = []

    def start(*arguments):
        script = str(Path(__file__).with_name("recorder.py"))
        process = subprocess.Popen(
            [sys.executable, script, *map(str, arguments)], stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return int(process.stdout.readline())

    yield start
    for process in started:
        process.kill()
        process.communicate()


def get(path, name=None):
    return encode(request("GET", path, name=name), host="test", expect=OK)


def stock_of(number):
    kind = WireRequest("post", "POST", b"", OK)
    made = [encode(request("POST", "/", content=f"{i}"), host="test", expect=OK).data for i in range(number)]
    return Stock((kind,), array("I", [0] * number), made)


# The order of a mix.


def test_a_mix_is_exact_whoever_sends(agent, hostile, wire):
    requests = (wire("/ok"), wire("/chunked"), wire("/204"))
    plan = ClosedSlot(hostile.target, requests, 7, 0.4, order=Order((5, 3, 2), seed=3))
    result = agent.run(plan)
    seen = hostile.counts()["requests"]
    total = result.ok_total
    for path, weight in {"/ok": 5, "/chunked": 3, "/204": 2}.items():
        assert abs(seen[path] - total * weight / 10) < 10  # never more than a deck away
    measured = Counter(result.request)
    for index, weight in enumerate((5, 3, 2)):
        assert abs(measured[index] - len(result.request) * weight / 10) < 10 + 7
    assert result.names == ("GET /ok", "GET /chunked", "GET /204")


# Requests made ahead.


def test_each_is_sent_once_and_the_slot_ends_with_them(agent, recorder):
    target = Target("127.0.0.1", recorder(0))
    result = agent.run(ClosedSlot(target, stock_of(200), 4, 20.0))
    assert (result.ran_out, result.used, result.ok_total, result.answers) == (True, (200,), 200, 200)
    assert sum(sum(count.values()) for count in result.counts.values()) == 200
    assert result.complaints == ()
    again = agent.run(Burst(target, (get("/again"),), 1, 1))
    assert again.ok_total == 1


def test_those_that_were_not_sent_are_said(agent, recorder):
    target = Target("127.0.0.1", recorder(0))
    stock = stock_of(60_000)
    result = agent.run(ClosedSlot(target, stock, 2, 0.1))
    assert not result.ran_out
    assert result.used == (result.ok_total,)
    assert result.ok_total < 60_000
    assert set(result.request) == {0}
    assert result.occupied > 0.9


def test_a_burst_of_more_than_there_are_ends(agent, recorder):
    result = agent.run(Burst(Target("127.0.0.1", recorder(0)), stock_of(5), 2, 9))
    assert (result.ran_out, result.used, result.ok_total) == (True, (5,), 5)


def test_an_open_loop_sends_a_mix(agent, hostile, wire):
    requests = (wire("/ok"), wire("/chunked"))
    result = agent.run(OpenSlot(hostile.target, requests, 200.0, 0.4, order=Order((3, 1), seed=3)))
    measured = Counter(result.request)
    assert measured[0] + measured[1] == 80
    assert abs(measured[0] - 60) <= 4


def test_an_open_loop_sends_each_once_and_says_when_there_are_no_more(agent, recorder):
    target = Target("127.0.0.1", recorder(0))
    enough = agent.run(OpenSlot(target, stock_of(1000), 200.0, 0.3))
    assert (enough.ran_out, enough.used) == (False, (enough.ok_total,))
    few = agent.run(OpenSlot(target, stock_of(70), 200.0, 5.0))
    assert (few.ran_out, few.used, few.ok_total) == (True, (70,), 70)
    assert agent.run(Burst(target, (get("/again"),), 1, 1)).ok_total == 1


def test_what_arrives_is_each_body_once(agent, recorder):
    target = Target("127.0.0.1", recorder(0))
    unique = Expecting(
        shipped(lambda r: len({tuple(s) for s in r.json()["seen"]}) == len(r.json()["seen"]) == 50, "expect")
    )
    agent.run(Burst(target, stock_of(50), 5, 50))
    assert agent.run(Burst(target, (get("/log"),), 1, 1, expecting=unique)).counts["measure"] == {"ok": 1}


# What is accepted.


def test_a_body_that_lies_is_a_bad_body_with_its_text(agent, recorder):
    target = Target("127.0.0.1", recorder(0))
    requests = (get("/"), get("/lies"), get("/gzip"), get("/big"))
    result = agent.run(Burst(target, requests, 2, 40, expecting=Expecting(expect_json({"ok": True}))))
    assert result.counts["measure"] == {"ok": 30, "bad_body": 10}
    assert {result.request[i] for i, outcome in enumerate(result.outcome) if outcome} == {1}
    assert (
        result.first_failures["bad_body"][0]
        == '200: $.ok is False, not True in {"ok": false, "error": "no quote today"}'
    )
    assert (result.answers, result.ok_total, result.connections) == (40, 30, 2)


def test_a_function_of_the_response(agent, recorder):
    target = Target("127.0.0.1", recorder(0))
    wanted = {"ok": True}

    def check(response):
        return response.headers["Content-Length"].isdigit() and response.json()["ok"] is wanted["ok"]

    requests = (get("/"), get("/lies"), get("/gzip"), get("/big"))
    result = agent.run(Burst(target, requests, 2, 40, expecting=Expecting(shipped(check, "expect"))))
    assert result.counts["measure"] == {"ok": 30, "bad_body": 10}
    assert "no quote today" in result.first_failures["bad_body"][0]


def test_a_sample_of_the_bodies(agent, recorder):
    target = Target("127.0.0.1", recorder(0))
    look = Expecting(expect_json({"ok": True}), 10)
    result = agent.run(Burst(target, (get("/lies"),), 3, 100, expecting=look))
    assert result.counts["measure"] == {"ok": 90, "bad_body": 10}


@pytest.mark.parametrize("path", ["/ok", "/chunked", "/pieces-until-close", "/until-close", "/early-hints"])
def test_every_framing_is_looked_at(agent, hostile, wire, path):
    look = Expecting(shipped(lambda r: r.text == "ok", "expect"))
    result = agent.run(Burst(hostile.target, (wire(path),), 2, 6, expecting=look))
    assert result.counts["measure"] == {"ok": 6}


def test_a_big_body_is_seen_whole(agent, hostile, wire):
    look = Expecting(shipped(lambda r: len(r.content) == 10_000_000, "expect"))
    for path in ("/big", "/big-until-close"):
        result = agent.run(Burst(hostile.target, (wire(path),), 1, 2, expecting=look))
        assert result.counts["measure"] == {"ok": 2}, path


@pytest.mark.parametrize(("path", "outcome"), [("/500", "bad_status"), ("/302", "bad_status")])
def test_errors_and_redirects_are_bad_status(agent, hostile, wire, path, outcome):
    look = Expecting(expect_json({}))
    result = agent.run(Burst(hostile.target, (wire(path),), 1, 3, expecting=look))
    assert result.counts["measure"] == {outcome: 3}


def test_a_function_that_the_agent_cannot_have_is_refused(agent, hostile, wire):
    look = Expecting(ExpectFunction("check", b"cno_such_module\ncheck\n.", ()))
    with pytest.raises(SlotRefused, match=r"expect=check cannot be used in the load agent: ModuleNotFound"):
        agent.run(Burst(hostile.target, (wire("/ok"),), 1, 1, expecting=look))


def test_looking_is_not_part_of_the_latency(agent, hostile, wire):
    def slow(response):
        import time

        time.sleep(0.05)
        return True

    look = Expecting(shipped(slow, "expect"))
    result = agent.run(Burst(hostile.target, (wire("/ok"),), 1, 8, expecting=look))
    assert sorted(result.latency)[3] < 0.05
    assert min(result.cycle) >= 0.05


# TLS and Unix sockets.


def https(port, **words):
    return Target("127.0.0.1", port, "https", **words)


@pytest.mark.parametrize(
    "trusted", [{"verify": False}, {"verify": "ca.pem"}, {"verify": "ca.pem", "server_name": "shop.example"}]
)
def test_https(agent, recorder, certificates, trusted):
    port = recorder(0, certificates / "server.pem")
    if trusted["verify"]:
        trusted = {**trusted, "verify": str(certificates / trusted["verify"])}
    target = https(port, **trusted)
    result = agent.run(Burst(target, (get("/"),), 3, 60, expecting=Expecting(expect_json({"ok": True}))))
    assert result.counts["measure"] == {"ok": 60}
    assert result.connections == 3
    closed = agent.run(ClosedSlot(target, (get("/"),), 3, 0.3))
    assert set(closed.counts["measure"]) == {"ok"}
    fresh = agent.run(Burst(target, (get("/"),), 2, 6, keepalive=False))
    assert (fresh.counts["measure"], fresh.connections) == ({"ok": 6}, 6)


@pytest.mark.parametrize("words", [{"verify": True}, {"verify": "other.pem"}, {"server_name": "else.where"}])
def test_a_certificate_that_is_not_trusted(agent, recorder, certificates, words):
    port = recorder(0, certificates / "server.pem")
    verify = words.get("verify", "ca.pem")
    verify = verify if verify is True else str(certificates / verify)
    target = https(port, **{**words, "verify": verify})
    result = agent.run(Burst(target, (get("/"),), 1, 2, connect_timeout=2.0))
    assert result.counts["measure"] == {"protocol": 2}
    assert "certificate verify failed" in result.first_failures["protocol"][0].lower()


def test_plain_http_asked_for_tls(agent, hostile, wire):
    target = Target(hostile.target.host, hostile.target.port, "https", False)
    result = agent.run(Burst(target, (wire("/ok"),), 1, 2, connect_timeout=1.0, timeout=1.0))
    assert result.ok_total == 0


def test_a_unix_socket(agent, recorder, tmp_path):
    path = str(tmp_path / "server.sock")
    recorder(path)
    result = agent.run(Burst(Target("", 0, path=path), (get("/"),), 3, 30))
    assert result.counts["measure"] == {"ok": 30}
    assert result.connections == 3


def test_a_unix_socket_that_is_not_there(agent, tmp_path):
    result = agent.run(Burst(Target("", 0, path=str(tmp_path / "none")), (get("/"),), 1, 1))
    assert result.ok_total == 0
