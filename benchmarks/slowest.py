"""Does `load.slowest` find planted slow requests of three kinds, in under 60 s each, in every run?

Run: python benchmarks/slowest.py [RUNS]     (default 5; an otherwise idle machine; needs granian and hypothesis)

A WSGI app under Granian answers in less than a millisecond, but for a page size that grows the work, a search term that
a quadratic regular expression meets, and a nested body. Each run draws another seed, and nothing is kept in between.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

APP = """
import json
import re
from urllib.parse import parse_qs

SPACES = re.compile(r"\\s+$")  # quadratic in a row of spaces that something follows


def depth(value):
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def work(environ):
    path, query = environ["PATH_INFO"], parse_qs(environ["QUERY_STRING"], keep_blank_values=True)
    if path == "/list":
        return json.dumps([{"id": n, "name": f"item {n}"} for n in range(int(query["page_size"][0]))])
    if path == "/search":
        return json.dumps(bool(SPACES.search(query["q"][0])))
    body = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    deep = depth(body["filter"]) if body["mode"] == "expand" else 0
    return json.dumps(sum(number % 7 for number in range(300_000 * max(0, min(deep, 4) - 1))))


def wsgi(environ, start_response):
    text = work(environ).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
    return [text]
"""
TEST = """
import pytest
from hypothesis import settings, strategies as st
from pytest_asyncbench import granian

settings.register_profile("nothing is kept", database=None)
settings.load_profile("nothing is kept")
pytestmark = pytest.mark.server(granian("app:wsgi", interface="wsgi", workers=1, threads=2))


def test_number(load):
    sizes = {"page": st.integers(1, 100), "sort": st.sampled_from(["name", "id"]), "page_size": st.integers(1, 10_000)}
    found = load.slowest("/list", params=sizes)
    assert found.request.params["page_size"] > 5000


def test_term(load):
    spaces = st.integers(0, 1500).map(lambda count: " " * count)
    terms = st.tuples(st.text("abc", max_size=5), spaces, st.text("abc", max_size=5)).map("".join)
    found = load.slowest("/search", params={"q": terms})
    assert found.request.params["q"].count(" ") > 700 and found.request.params["q"][-1] != " "


def test_body(load):
    nested = st.recursive(st.integers(0, 9), lambda inner: st.lists(inner, max_size=3), max_leaves=12)
    body = {"mode": st.sampled_from(["list", "count", "expand", "none"]), "filter": nested}
    found = load.slowest("/filter", json=body)
    assert found.request.json["mode"] == "expand"
    assert found.times_slower.value > 5
"""
LIMIT = 60.0


def main(runs: int) -> int:
    """Run the hunts; how many did not find what was planted, or took too long."""
    misses = 0
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory)
        (path / "app.py").write_text(APP)
        (path / "test_hunts.py").write_text(TEST)
        for run in range(1, runs + 1):
            for kind in ("number", "term", "body"):
                misses += not hunt(path, run, kind)
    sys.stdout.write(f"{3 * runs - misses} of {3 * runs} found in under {LIMIT:.0f} s\n")
    return misses


def hunt(path: Path, run: int, kind: str) -> bool:
    """Whether one hunt has found it."""
    began = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"test_hunts.py::test_{kind}"]
    options = [f"--asyncbench-seed={run}", f"--asyncbench-json={path / 'out.json'}"]
    done = subprocess.run([*command, *options], cwd=path, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - began
    [test] = json.loads((path / "out.json").read_text())["tests"]
    found = test["loads"][0]["slowest"]
    ok = done.returncode == 0 and test["seconds"] < LIMIT
    told = f"{found['slowest']['latency']['shown']}, {found['times_slower']['shown']} times a typical one"
    sys.stdout.write(
        f"run {run} {kind:6} {'found ' if ok else 'MISSED'} in {seconds:4.1f} s, {found['examples']} examples, "
        f"{found['requests']} requests: {told}: {found['slowest']['request'][:160]}\n"
    )
    sys.stdout.flush()
    return ok


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5) > 0)
