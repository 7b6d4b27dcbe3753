"""Flows over real sockets: visits are samples, requests are steps, and what a function does is an outcome."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import threading
import time

import httpx
import pytest

from pytest_asyncbench.agent import checks
from pytest_asyncbench.agent.client import Agent, SlotCancelled, SlotRefused
from pytest_asyncbench.agent.steps import MOST_NAMES, OTHERS, Steps
from pytest_asyncbench.agent.transport import encode
from pytest_asyncbench.errors import AgentLost
from pytest_asyncbench.measure import percentiles
from pytest_asyncbench.traffic.flow import FLOW_STATUSES, flow, wire_flow
from pytest_asyncbench.traffic.outcomes import OUTCOMES
from pytest_asyncbench.traffic.plan import Burst, ClosedSlot, Target


def wired(port, visit):
    return wire_flow(flow("load.flow(visit)", visit), host=f"127.0.0.1:{port}", expect=FLOW_STATUSES)


@pytest.fixture
def burst(agent, hostile):
    """Runs visits: 2 users, 6 visits."""

    def run(visit, users=2, count=6, port=None, **words):
        port = port or hostile.port
        return agent.run(Burst(Target("127.0.0.1", port), (wired(port, visit),), users, count, **words))

    return run


@pytest.fixture
def closed(agent, hostile):
    def run(visit, users=4, window=0.4, notice=None, **words):
        plan = ClosedSlot(
            Target("127.0.0.1", hostile.port), (wired(hostile.port, visit),), users, window, **words
        )
        return agent.run(plan, notice)

    return run


async def browse(client):
    (await client.get("/login")).raise_for_status()
    for _ in range(2):
        await client.get("/ok")
    assert f"cookie: sid={client.cookies['sid']}" in (await client.get("/echo")).text.lower()


def test_every_visit_and_every_request_is_counted(closed, hostile):
    result = closed(browse)
    visits = {phase: sum(result.counts[phase].values()) for phase in ("settle", "measure", "tail")}
    assert result.ok_total == sum(visits.values())
    assert visits["measure"] == len(result.outcome) == len(result.cycle)
    assert list(result.steps) == ["GET /login", "GET /ok", "GET /echo"]
    for name, times in {"GET /login": 1, "GET /ok": 2, "GET /echo": 1}.items():
        assert result.steps[name].totals == {"ok": times * result.ok_total}
        assert hostile.counts()["requests"][name.split()[1]] == times * result.ok_total
    assert result.answers == 4 * result.ok_total
    assert result.connections == 4
    for step in result.steps.values():
        assert len(step.sent) == len(step.latency) == len(step.outcome) > 0
        assert all(0 <= sent <= result.window for sent in step.sent)
    assert min(result.latency) > 4 * min(result.steps["GET /ok"].latency)
    assert not result.first_failures
    assert not result.complaints


def test_each_user_has_its_own_cookies(burst, hostile):
    async def visit(client):
        if "sid" not in client.cookies:
            await client.get("/login")
        number = client.cookies["sid"]
        answer = await client.get(f"/echo?{number}", extensions={"name": f"user {number}"})
        assert f"cookie: sid={number}\r\n" in answer.text.lower()

    result = burst(visit, users=3, count=12)
    assert result.counts["measure"] == {"ok": 12}
    assert hostile.counts()["requests"]["/login"] == 3  # a user comes back with its cookie
    assert set(result.steps) == {"GET /login", "user 1", "user 2", "user 3"}


def test_a_cycle_is_a_visit_with_its_pauses(closed):
    async def visit(client):
        await client.get("/ok")
        await asyncio.sleep(0.05)

    result = closed(visit, users=2, think_time=0.05)
    assert min(result.latency) >= 0.049
    assert min(result.cycle) >= 0.099
    assert percentiles.rps([result]) <= 2 / 0.099
    assert max(result.steps["GET /ok"].latency) < min(result.cycle)


def test_closures_globals_and_what_they_hold(burst, hostile):
    paths = iter(["/a", "/b", "/c", "/d", "/e", "/f"])  # one for all users: there is one agent
    other = browse

    def helper(path):
        return path + "/x"

    async def visit(client):
        assert other.__name__ == "browse"
        await client.get("/echo", headers={"x-path": helper(next(paths))})

    assert burst(visit).counts["measure"] == {"ok": 6}


def test_an_exception_is_an_outcome_with_its_traceback(burst):
    async def visit(client):
        answer = await client.get("/ok")
        {}[answer.text]

    result = burst(visit)
    assert result.counts["measure"] == {"failed": 6}
    assert result.steps["GET /ok"].totals == {"ok": 6}
    first = result.first_failures["failed"][0]
    assert first.startswith("KeyError: 'ok'\nTraceback")
    assert "{}[answer.text]" in first
    assert "visitor.py" not in first


async def unauthorised(client):
    (await client.get("/500")).raise_for_status()


async def unchecked(client):
    await client.get("/500")


async def grouped(client):
    async with asyncio.TaskGroup() as group:
        group.create_task(unauthorised(client))


@pytest.mark.parametrize("visit", [unauthorised, unchecked, grouped])
def test_a_status_that_is_not_expected_spoils_the_visit(burst, visit):
    result = burst(visit)
    assert result.counts["measure"] == {"bad_status": 6}
    assert result.steps["GET /500"].totals == {"bad_status": 6}
    assert "500" in result.first_failures["bad_status"][0]


def test_what_a_request_may_expect_and_be_called(burst):
    async def visit(client):
        await client.get("/500", extensions={"expect": 500, "name": "anonymous"})
        await client.get("/500", extensions={"expect": {200, 500}, "name": "anonymous"})

    result = burst(visit)
    assert result.counts["measure"] == {"ok": 6}
    assert result.steps["anonymous"].totals == {"ok": 12}


def test_redirects_are_followed_when_asked(burst, hostile):
    async def visit(client):
        assert (await client.get("/302")).status_code == 302
        assert (await client.get("/302", follow_redirects=True)).text == "ok"

    assert burst(visit).counts["measure"] == {"ok": 6}
    assert hostile.counts()["requests"] == {"/302": 12, "/ok": 6}


def test_what_httpx_can_say_arrives(burst):
    async def visit(client):
        answer = await client.post("/echo", params={"q": "a b"}, json={"n": 1}, headers={"X-Mine": "yes"})
        assert isinstance(client, httpx.AsyncClient)
        head, body = answer.text.split("\r\n\r\n")
        assert head.startswith("POST /echo?q=a+b HTTP/1.1\r\nHost: 127.0.0.1:")
        assert "x-mine: yes" in head.lower()
        assert "accept-encoding" not in head.lower()
        assert body == '{"n":1}'
        assert answer.headers["x-case"] == "As-It-Is"
        assert answer.reason_phrase == "So"
        assert answer.elapsed.total_seconds() > 0
        assert (await client.head("/echo")).headers["x-case"] == "As-It-Is"
        async with client.stream("GET", "/ok") as stream:
            assert b"".join([part async for part in stream.aiter_raw()]) == b"ok"

    result = burst(visit)
    assert result.counts["measure"] == {"ok": 6}, result.first_failures


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/pieces", "ok"),
        ("/pieces-chunked", "ok"),
        ("/trailers", "ok"),
        ("/continue", "ok"),
        ("/early-hints", "ok"),
        ("/until-close", "ok"),
        ("/pieces-until-close", "ok"),
        ("/connection-close", "ok"),
        ("/204", ""),
        ("/500-chunked", "badluck"),
    ],
)
def test_every_answer_arrives_whole(burst, hostile, path, text):
    async def visit(client):
        answer = await client.get(path, extensions={"expect": {200, 204, 500}})
        assert answer.text == text
        assert "link" not in answer.headers
        assert "x-checksum" not in answer.headers

    result = burst(visit, port=hostile.port)
    assert result.counts["measure"] == {"ok": 6}, result.first_failures


def test_a_big_body(burst, hostile):
    async def visit(client):
        for path in ("/big", "/big-until-close"):
            assert len((await client.get(path)).content) == 10_000_000

    assert burst(visit, users=1, count=1, port=hostile.port).counts["measure"] == {"ok": 1}


@pytest.mark.parametrize(
    ("path", "outcome", "error"),
    [
        ("/close", "reset", httpx.ReadError),
        ("/reset-inside", "reset", httpx.ReadError),
        ("/not-http", "protocol", httpx.RemoteProtocolError),
        ("/silent", "timeout", httpx.ReadTimeout),
    ],
)
def test_failed_requests_raise_what_httpx_raises(burst, hostile, path, outcome, error):
    async def visit(client):
        await client.get(path)

    async def forgiving(client):
        try:
            await client.get(path, timeout=0.1)
        except error:
            await client.get("/ok")

    result = burst(visit, port=hostile.port, timeout=0.3)
    assert result.counts["measure"] == {outcome: 6}
    assert result.steps[f"GET {path}"].totals == {outcome: 6}
    result = burst(forgiving, port=hostile.port, timeout=5)
    assert result.counts["measure"] == {"ok": 6}
    assert result.steps[f"GET {path}"].totals == {outcome: 6}


def test_a_dead_server_refuses(agent):
    async def visit(client):
        await client.get("/")

    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        result = agent.run(ClosedSlot(Target("127.0.0.1", port), (wired(port, visit),), 4, 0.5))
    assert set(result.counts["measure"]) == {"refused"}
    assert len(result.outcome) < 4 * 10  # no user spins
    assert result.answers == 0


def test_load_goes_to_the_test_s_own_server(burst):
    async def visit(client):
        await client.get("http://example.com/")

    result = burst(visit)
    assert result.counts["measure"] == {"failed": 6}
    assert "load goes to the test's own server" in result.first_failures["failed"][0]


def test_several_requests_at_a_time(burst, hostile):
    async def visit(client):
        await asyncio.gather(*(client.get("/after/50") for _ in range(3)))

    result = burst(visit, users=2, count=4)
    assert result.counts["measure"] == {"ok": 4}
    assert hostile.counts()["connections"] - 1 == result.connections == 6


def test_a_visit_that_sends_nothing_says_so_and_does_not_spin(closed, hostile):
    async def visit(client):
        pass

    result = closed(visit)
    assert set(result.counts["measure"]) == {"failed"}
    assert len(result.outcome) < 4 * 10
    assert result.answers == result.ok_total == 0
    assert result.first_failures["failed"][0].startswith("the visit sent no request")


def test_a_visit_that_fails_at_once_does_not_spin(closed):
    async def visit(client):
        raise pytest.fail.Exception("no")

    result = closed(visit)
    assert set(result.counts["measure"]) == {"failed"}
    assert len(result.outcome) < 4 * 10


def test_a_visit_that_does_not_end_has_a_time_out(burst):
    async def visit(client):
        await client.get("/ok")
        await asyncio.Event().wait()

    result = burst(visit, count=2, timeout=0.3)
    assert result.counts["measure"] == {"timeout": 2}, result.first_failures
    assert "did not end within 0.3 s" in result.first_failures["timeout"][0]


def test_a_request_that_its_flow_gives_up(burst):
    async def visit(client):
        try:
            async with asyncio.timeout(0.01):
                await client.get("/after/50")
        except TimeoutError:
            await client.get("/ok")

    async def hurried(client):
        async with asyncio.timeout(0.01):
            await client.get("/after/50")

    result = burst(visit)
    assert result.counts["measure"] == {"ok": 6}
    assert result.steps["GET /after/50"].totals == {"failed": 6}
    assert result.steps["GET /ok"].totals == {"ok": 6}
    assert burst(hurried).counts["measure"] == {"timeout": 6}


def test_what_is_unanswered_at_the_end_is_censored_and_then_counted(memory_run, reply):
    ok = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

    async def visit(client):
        await client.get("/quick")
        await client.get("/slow")

    def server(data, now):
        late = now > 1000.45 and b"/slow" in data
        return reply([ok], 5.0 if late else 0.1)

    plan = ClosedSlot(Target("memory", 1), (wired(1, visit),), 2, 0.5, cycle=0.2, timeout=6.0)
    result = memory_run(plan, server)
    assert result.counts["measure"]["censored"] == 2
    assert result.late == {"ok": 2}
    assert result.ok_total == sum(count.get("ok", 0) for count in result.counts.values()) + 2
    slow = result.steps["GET /slow"]
    assert bytes([OUTCOMES.index("censored")] * 2) in slow.outcome
    assert set(slow.totals) == {"ok"}
    assert slow.totals["ok"] == result.steps["GET /quick"].totals["ok"] == result.answers / 2


def test_the_slot_is_cancelled_in_the_middle_of_visits(closed, agent, burst):
    async def visit(client):
        try:
            await client.get("/ok")
            await asyncio.sleep(20)
        finally:
            await client.get("/logout")

    began = []

    def later(phase):
        if phase == "measure":
            began.append(time.monotonic())
            threading.Timer(0.1, agent.cancel).start()

    with pytest.raises(SlotCancelled):
        closed(visit, window=20.0, notice=later)
    assert time.monotonic() - began[0] < 2
    assert burst(browse).ok_total == 6


def test_cancelling_oneself_is_a_failure(burst):
    async def visit(client):
        await client.get("/ok")
        raise asyncio.CancelledError

    result = burst(visit)
    assert result.counts["measure"] == {"failed": 6}


def test_keyboard_interrupt_ends_the_load(burst, agent):
    async def interrupt(client):
        raise KeyboardInterrupt

    async def leave(client):
        raise SystemExit(3)

    with pytest.raises(KeyboardInterrupt):
        burst(interrupt)
    with pytest.raises(SlotRefused, match="the flow raised SystemExit"):
        burst(leave)
    assert burst(browse).ok_total == 6


def test_a_task_of_its_own_that_fails_ends_nothing(burst):
    async def visit(client):
        asyncio.create_task(client.get("http://example.com/"))  # noqa: RUF006
        await client.get("/after/50")

    assert burst(visit).counts["measure"] == {"ok": 6}


def test_a_function_that_cannot_be_loaded_is_refused(burst, hostile, monkeypatch, tmp_path):
    (tmp_path / "only_here.py").write_text("def helper(): ...")
    monkeypatch.syspath_prepend(tmp_path)
    import only_here  # type: ignore[import-not-found]

    async def visit(client):
        only_here.helper()
        await client.get("/ok")

    assert burst(visit).counts["measure"] == {"ok": 6}  # the agent looks where the test has looked
    (tmp_path / "only_here.py").unlink()
    with Agent.start() as fresh, pytest.raises(SlotRefused, match="flow visit cannot be lo"):
        fresh.run(Burst(hostile.target, (wired(hostile.port, visit),), 1, 1))


def test_an_agent_that_a_flow_kills_is_lost(hostile):
    async def visit(client):
        import os

        os._exit(7)

    with Agent.start() as agent, pytest.raises(AgentLost, match="exit code 7"):
        agent.run(Burst(hostile.target, (wired(hostile.port, visit),), 1, 1))


def test_names_do_not_grow_without_end():
    steps = Steps()
    for number in range(MOST_NAMES + 10):
        steps.add(f"GET /{number}", 0.0, 0.1, 0, True)
    assert len(steps.by_name) == MOST_NAMES + 1
    assert steps.by_name[OTHERS].totals[0] == 10
    assert steps.answers() == MOST_NAMES + 10


def test_ports_that_run_out_are_the_generators_fault_whatever_the_flow_does(memory_run, reply):
    free = iter(range(8))

    def connect():
        if next(free, None) is None:
            raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")

    async def visit(client):
        for _ in range(2):
            with contextlib.suppress(httpx.ConnectError):
                await client.get("/")

    closing = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    plan = Burst(Target("memory", 1), (wired(1, visit),), 1, 5)
    result = memory_run(plan, lambda data, now: reply([closing], 0.01), connect)
    assert result.counts["measure"] == {"ok": 4, "failed": 1}
    assert result.complaints == ("2 requests failed in the load agent: no free local port (EADDRNOTAVAIL)",)


def test_a_visit_that_handles_every_failure_has_failed(burst, hostile):
    async def visit(client):
        with contextlib.suppress(httpx.TransportError):
            await client.get("/close")

    result = burst(visit, count=2)
    assert result.counts["measure"] == {"failed": 2}
    assert "got no answer" in result.first_failures["failed"][0]


def test_a_header_cannot_hold_another_one(burst):
    async def visit(client):
        await client.get("/ok", headers={"X-Mine": "yes\r\nX-Other: no"})

    result = burst(visit, count=2)
    assert result.counts["measure"] == {"failed": 2}
    assert "a header holds a line break" in result.first_failures["failed"][0]


@pytest.mark.parametrize(
    ("body", "sent"), [(b"abc", b"3\r\nabc\r\n0\r\n\r\n"), (b"", b"0\r\n\r\n")], ids=["some", "nothing"]
)
def test_a_stream_is_sent_in_one_chunk(body, sent):
    async def stream():
        yield body

    request = httpx.Request("POST", "http://test/a?b", content=stream())
    data = encode(request, request.url.raw_path, asyncio.run(request.aread()))
    assert data == b"POST /a?b HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n" + sent


def test_an_agent_that_a_flow_keeps_busy_is_in_doubt():
    assert checks.cautions(0.8, 0.98) == ()
    assert len(checks.cautions(0.81, 0.97)) == 2


@pytest.mark.parametrize("host", ["Example.com", "example.com:80", "example.com:8080"])
def test_a_host_header_of_its_own(agent, hostile, host):
    async def visit(client):
        answer = await client.get("/echo")
        assert f"host: {host.lower().removesuffix(':80')}\r\n" in answer.text.lower()

    wire = wire_flow(flow("load.flow(visit)", visit), host=host, expect=FLOW_STATUSES)
    result = agent.run(Burst(hostile.target, (wire,), 1, 2))
    assert result.counts["measure"] == {"ok": 2}, result.first_failures


def test_a_visit_that_tries_again_for_ever_ends(burst, hostile):
    async def visit(client):
        while True:
            with contextlib.suppress(httpx.TransportError):
                await client.get("/silent", timeout=0.05)

    result = burst(visit, count=2, timeout=0.3)
    assert result.counts["measure"] == {"timeout": 2}, result.first_failures
    assert set(result.steps["GET /silent"].totals) == {"timeout"}
