"""`load.send`, `run.steps`, unique bodies, `expect`, and https, from a user's test."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

RECORDER = Path(__file__).parent.parent / "agent" / "recorder.py"

SETUP = """
import itertools
import json
import pytest
from pytest_asyncbench import AsyncBenchError, command, expect_json, mix, request

recorder = command(["{{python}}", {recorder!r}, "{{port}}"{more}], ready=None, scheme={scheme!r})
pytestmark = pytest.mark.server(recorder)

def bodies(server):
    import urllib.request
    with urllib.request.urlopen(server.url + "/log") as answer:
        return json.load(answer)["seen"]
"""


@pytest.fixture
def project(pytester: pytest.Pytester):
    lines = ["asyncio_default_fixture_loop_scope = function", "asyncbench_warmup = 200ms"]
    (pytester.path / "pytest.ini").write_text("\n".join(["[pytest]", *lines, "asyncbench_slot = 200ms", ""]))

    def run(body: str, *arguments: str, scheme: str = "http", certificate: str = "") -> pytest.RunResult:
        more = f", {certificate!r}" if certificate else ""
        setup = SETUP.format(recorder=str(RECORDER), scheme=scheme, more=more)
        pytester.makepyfile(test_it=setup + body)
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", *arguments)

    return run


MIXES = """
def test_a_mix_has_steps(load, server):
    a, b = request("GET", "/", name="a"), request("POST", "/x", json={}, name="b")
    run = load.send(mix({a: 3, b: 1}), users=2, duration=0.5)
    assert run.steps["a"].p50.value > 0 and run.steps["b"].p50.value > 0
    assert list(run.steps) == ["a", "b"]
    share = run.steps["a"].rps.value / run.rps.value
    assert 0.7 < share < 0.8
    assert abs(run.steps["a"].rps.value + run.steps["b"].rps.value - run.rps.value) < 0.02 * run.rps.value
    assert run["server"].steps["b"].errors == 0
    assert sum(run.steps[name].outcomes["ok"] for name in run.steps) == run.outcomes["ok"]
    with pytest.raises(AsyncBenchError, match="no step 'c'; there are 'a', 'b'"):
        run.steps["c"]
    with pytest.raises(AsyncBenchError, match="a server has it as a whole"):
        run.steps["a"].memory
    sent = bodies(server)
    share = len([target for target, _ in sent if target == "/"]) / len(sent)
    assert abs(share - 0.75) < 0.01

def test_a_list_in_turn(load):
    run = load.send([request("GET", "/a"), request("GET", "/b")], users=1, duration=0.2)
    assert list(run.steps) == ["GET /a", "GET /b"]
    assert abs(run.steps["GET /a"].outcomes["ok"] - run.steps["GET /b"].outcomes["ok"]) <= 3
    assert load.get("/", duration=0.2).steps["GET /"].rps.value > 0

"""


def test_mixes_and_lists(project):
    result = project(MIXES)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        ["3 x a, 1 x b with 2 users", "*variant*request*rps*", "*server*a *", "*server*b *"]
    )


def test_smoke(project):
    result = project(
        """
def test_smoke(load, server):
    load.send(mix({request("GET", "/a"): 3, request("GET", "/b"): 1}))
    assert sorted(t for t, _ in bodies(server)) == ["/a", "/b"]
    load.post("/c", json=lambda i: {"i": i})
    load.send(request("GET", f"/{i}") for i in itertools.count())
    assert bodies(server)[2:] == [["/c", '{"i":0}'], ["/0", ""]]
""",
        "--asyncbench-smoke",
    )
    result.assert_outcomes(passed=1)


UNIQUE = """
def test_no_body_is_sent_twice(load, server):
    run = load.post("/slow", json=lambda i: {"i": i}, params=lambda i: {"q": i}, users=3, duration=0.4)
    numbers = [json.loads(body)["i"] for _, body in bodies(server)]
    assert len(numbers) == run.ok
    assert sorted(numbers) == list(range(run.ok))
    assert all(target == f"/slow?q={json.loads(body)['i']}" for target, body in bodies(server))
    assert list(run.steps) == ["POST /slow"]

def test_in_a_mix_each_counts_its_own(load, server):
    a, b = request("POST", "/slow", content=lambda i: f"a{i}"), request("GET", "/b")
    run = load.send(mix({a: 1, b: 1}), users=2, duration=0.2)
    sent = [body for target, body in bodies(server) if target == "/slow"]
    assert sorted(sent, key=lambda s: int(s[1:])) == [f"a{i}" for i in range(len(sent))]
    assert list(sorted(run.steps)) == ["GET /b", "POST /slow"]

def test_a_generator_without_end(load, server):
    run = load.send((request("GET", f"/slow?{i}", name="all") for i in itertools.count()), users=2, duration=0.4)
    numbers = [int(target[6:]) for target, _ in bodies(server)]
    assert sorted(numbers) == list(range(run.ok))
    assert list(run.steps) == ["all"]
    with pytest.raises(ZeroDivisionError):
        load.post("/", json=lambda i: 1 / (i - 5))
    with pytest.raises(AsyncBenchError, match="the iterator: '/a': this is no request"):
        load.send(iter(["/a"]))
"""


def test_unique_bodies(project):
    project(UNIQUE).assert_outcomes(passed=3)


ENDING = """
def test_an_end_before_anything_is_measured(load):
    load.send((request("GET", "/") for _ in range(300)), users=2)

def test_an_end_in_between(load, server):
    many = (request("GET", "/slow") for _ in range(500))
    run = load.send(many, rounds=30)
    assert run.ok == 500 == len(bodies(server))
    assert run.rps.value > 0
"""


def test_the_end_of_an_iterator_is_said(project):
    result = project(ENDING)
    text = result.stdout.str()
    assert "the iterator ended after 300 requests, before one round was measured" in text.replace(
        "\n      ", " "
    )
    result.stdout.fnmatch_lines(["*note: the iterator ended after 500 requests: sampling ended there*"])
    result.assert_outcomes(passed=1, failed=1)


EXPECT = """
def test_a_body_that_lies(load):
    load.get("/lies", expect=expect_json({"ok": True}), duration=0.2)

WANTED = 1

def helper(response):
    return response.json()["n"] == WANTED

def test_a_function(load):
    load.get("/", expect=expect_json({"ok": True}), duration=0.2)
    run = load.get("/", expect=lambda response: helper(response), expect_every=5, duration=0.2)
    assert run.outcomes["bad_body"] == 0

def test_a_function_that_refuses(load):
    load.get("/lies", expect=lambda response: response.json()["ok"], duration=0.2)
"""


def test_expect(project):
    result = project(EXPECT)
    result.assert_outcomes(passed=1, failed=2)
    text = " ".join(result.stdout.str().split())
    assert "bad_body, first: 200: $.ok is False, not True in" in text
    assert "no quote today" in text


def test_https(project, tmp_path):
    authority = trustme.CA()
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    result = project(
        f"""
def test_unverified(load, server):
    assert server.url.startswith("https://")
    assert load.get("/", verify=False, duration=0.2).errors == 0
    assert load.get("/", verify={str(tmp_path / "ca.pem")!r}, duration=0.2).errors == 0
""".replace("duration=0.2", "users=2, duration=0.2"),
        scheme="https",
        certificate=str(tmp_path / "server.pem"),
    )
    result.assert_outcomes(passed=1)


OPEN = """
def test_a_mix_at_a_rate(load, server):
    a, b = request("GET", "/", name="a"), request("POST", "/x", json={}, name="b")
    run = load.send(mix({a: 3, b: 1}), rate=100, duration=0.8)
    assert list(run.steps) == ["a", "b"]
    assert run.errors == 0
    share = run.steps["a"].outcomes["ok"] / run.outcomes["ok"]
    assert 0.6 < share < 0.9

def test_bodies_of_their_own_at_a_rate(load, server):
    run = load.post("/", json=lambda i: {"n": i}, rate=100, duration=0.4)
    assert run.errors == 0
    sent = [body for target, body in bodies(server) if body]
    assert len(sent) == len(set(sent)) == run.ok
"""


@pytest.mark.parametrize("agents", [1, 2])
def test_open_loops_send_everything(project, agents):
    project(OPEN, f"--asyncbench-agents={agents}").assert_outcomes(passed=2)


def test_a_closed_loop_of_bodies_of_their_own_on_two_agents(project):
    project(
        """
def test_it(load, server):
    run = load.post("/", json=lambda i: {"n": i}, users=4, duration=0.4)
    assert run.errors == 0
    sent = [body for target, body in bodies(server) if body]
    assert len(sent) == len(set(sent)) == run.ok
""",
        "--asyncbench-agents=2",
    ).assert_outcomes(passed=1)
