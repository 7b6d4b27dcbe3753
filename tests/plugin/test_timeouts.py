"""pytest-timeout ends a test in the middle of its load: the load ends, too, and the next test has what it needs."""

from __future__ import annotations

import json

COUNTING = """
import itertools, json, time

counter = itertools.count(1)
last = 0.0

def wsgi(environ, start_response):
    global last
    if environ["PATH_INFO"] == "/last":
        body = json.dumps([last, next(counter)]).encode()
    else:
        next(counter)
        last = time.monotonic()
        body = b"ok"
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""
BODY = """
import json, signal, time, urllib.request

counting = granian("counting:wsgi", interface="wsgi", workers=1, threads=4)

@pytest.mark.server(counting)
@pytest.mark.timeout(8, method="signal")
def test_that_takes_too_long(server, load):
    handler, fired = signal.getsignal(signal.SIGALRM), []
    def noted(*arguments):
        fired.append(time.monotonic())
        handler(*arguments)
    signal.signal(signal.SIGALRM, noted)
    try:
        load.get("/", users=8, duration="120s", warmup=0)
    finally:
        ended = time.monotonic()
        time.sleep(0.7)
        last, _ = json.load(urllib.request.urlopen(server.url + "/last"))
        with open("facts.json", "w") as file:
            json.dump({"last": last - fired[0], "raised": ended - fired[0]}, file)

@pytest.mark.server(counting)
def test_the_next_one(load):
    assert load.get("/", users=2, duration="300ms").ok > 0
"""


SLOT = "--asyncbench-slot=60s"  # it has not ended by the time that pytest-timeout gives, nor long after


def test_the_load_stops_and_the_session_goes_on(project):
    (project.path / "counting.py").write_text(COUNTING)
    project.write(BODY)
    result = project.run(SLOT)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*Failed: Timeout (>8.0s) from pytest-timeout."])
    facts = json.loads((project.path / "facts.json").read_text())
    assert facts["last"] < 0.5, "a request was sent later than half a second after the timeout"
    assert facts["raised"] < 0.5
