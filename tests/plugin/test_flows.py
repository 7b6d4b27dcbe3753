"""load.flow in a user's project."""

from __future__ import annotations

import trustme


def test_a_flow_and_its_steps(project):
    project.write("""
pytestmark = pytest.mark.server(many)
PATH = "/"

async def visit(client):
    (await client.get(PATH)).raise_for_status()

def test_contract(load):
    assert load.flow(visit, users=2, duration=0.5).rps.value > 1

def test_steps(load):
    slow = "/slow"

    async def visit(client):
        assert (await client.get(PATH)).json() == {"ok": True}
        await client.get(slow)

    run = load.flow(visit, users=2, duration=0.5, name="browse")
    assert run.name == "browse"
    assert list(run.steps) == ["GET /", "GET /slow"]
    assert 1 < run.rps.value < 100
    assert run.p50.value > run.steps["GET /slow"].p50.value > 0.02
    assert run.steps["GET /slow"].p50.value > run.steps["GET /"].p50.value
    assert run.steps["GET /slow"].rps.value == pytest.approx(run.rps.value, rel=0.5)
    assert run.steps["GET /"].errors == 0
    first, second = (run.steps[name].outcomes["ok"] for name in ("GET /", "GET /slow"))
    assert abs(first - second) <= 2 * 2 and second > 0  # of either user one may be on its way, at both ends
    assert run.cpu_per_request.value > 0
""").run().assert_outcomes(passed=2)


HTTP2 = """
import ssl
from collections import Counter

seen = pytest.mark.server(many.with_options(http="auto"{more}))

async def visit(client):
    answer = await client.get("/")
    assert answer.http_version == "HTTP/2" and answer.json() == {{"ok": True}}
    await client.post("/slow", json={{}}, extensions={{"name": "post"}})

async def wrong(client):
    await client.get("/boom")

@seen
def test_it(load):
    run = load.flow(visit, users=3, duration=0.5, http2=True{words})
    assert run.errors == 0 and list(run.steps) == ["GET /", "post"]
    assert run.steps["post"].p50.value > 0.02

@seen
def test_wrong(load):
    load.flow(wrong, users=1, duration=0.2, http2=True{words})

@seen
def test_what_is_not_spoken(load):
    with pytest.raises(ValueError, match="HTTP/1.1 only; load.flow.visit, http2=True. goes over httpx's own"):
        load.get("/", http2=True)
"""


def test_http2_goes_over_httpx(project):
    result = project.write(HTTP2.format(more="", words="")).run()
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*requests were not ok: * bad_status, first: GET /boom: 500: *"])


def test_http2_over_tls(project):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(project.path / "ca.pem"))
    made = authority.issue_cert("127.0.0.1")
    made.private_key_pem.write_to_path(str(project.path / "key.pem"))
    for pem in made.cert_chain_pems:
        pem.write_to_path(str(project.path / "cert.pem"), append=True)
    keys = 'args=["--ssl-certificate", "cert.pem", "--ssl-keyfile", "key.pem"], scheme="https"'
    result = project.write(HTTP2.format(more=f", {keys}", words=', verify="ca.pem"')).run()
    result.assert_outcomes(passed=2, failed=1)


def test_flows_over_tls(project):
    authority = trustme.CA()
    made = authority.issue_cert("127.0.0.1")
    made.private_key_pem.write_to_path(str(project.path / "key.pem"))
    for pem in made.cert_chain_pems:
        pem.write_to_path(str(project.path / "cert.pem"), append=True)
    project.write("""
async def visit(client):
    answer = await client.get("/")
    assert answer.url.scheme == "https" and answer.http_version == "HTTP/1.1"

@pytest.mark.server(many.with_options(
    args=["--ssl-certificate", "cert.pem", "--ssl-keyfile", "key.pem"], scheme="https"))
def test_it(load):
    assert load.flow(visit, users=2, duration=0.3, verify=False).errors == 0
""").run().assert_outcomes(passed=1)


def test_a_smoke_run_makes_one_visit(project):
    result = project.write("""
pytestmark = pytest.mark.server(many)

async def visit(client):
    await client.get("/")

async def broken(client):
    await client.get("/boom")

def test_right(load):
    assert load.flow(visit, users=4).rps > 1000000

def test_wrong(load):
    load.flow(broken, users=4)
""").run("--asyncbench-smoke")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*1 of 1 requests were not ok: 1 bad_status, first: GET /boom: 500*"])


def test_an_exception_is_shown_once_with_its_traceback(project):
    result = project.write("""
pytestmark = pytest.mark.server(many)

async def visit(client):
    answer = await client.get("/")
    answer.json()["token"]

def test_it(load):
    load.flow(visit, users=2, duration=0.3)
""").run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "FAIL errors*",
            "*requests were not ok: *failed, first: KeyError: 'token'",
            '*answer.json()[[]"token"]*',
        ]
    )
    assert str(result.stdout).count("Traceback (most recent call last)") == 1


def test_a_flow_that_never_reaches_the_server_is_invalid(project):
    result = project.write("""
pytestmark = pytest.mark.server(many)

async def nothing(client):
    pass

async def wrong(client):
    client.gett("/")

def test_nothing(load):
    load.flow(nothing)

def test_wrong(load):
    load.flow(wrong)
""").run()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "INVALID*not one request was answered (*failed), first: the visit sent no request*",
            "INVALID*not one request was answered (*failed), first: AttributeError: *gett*",
            '*client.gett("/")*',
        ]
    )


def test_what_cannot_be_meant(project):
    result = project.write("""
pytestmark = pytest.mark.server(many)

async def visit(client): ...

@pytest.mark.parametrize(
    "words", [{"headers": {}}, {"users": 0}, {"user": 1}, {"rate": 5}, {"expect": lambda answer: True}]
)
def test_it(load, words):
    load.flow(visit, **words)
""").run()
    result.assert_outcomes(failed=5)
    result.stdout.fnmatch_lines(
        [
            "*load.flow(visit): headers belong to the requests that the flow sends*",
            "*load.flow(visit): users=0: users are a whole number from 1 up*",
            "*load.flow(visit) has no keyword 'user'*",
            "*load.flow(visit): rate: a flow is a user's visit, one after another: use users=*",
            "*load.flow(visit): expect is a status or a set of them here; what else*the flow asserts itself*",
        ]
    )
