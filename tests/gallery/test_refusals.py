"""Comparisons that are not fair, and measurements that are broken: refused before or after the load, with the reason.
And healthy pairs, which are not."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest


def test_unfair_pairs_are_refused_with_the_numbers_side_by_side(gallery):
    result = gallery(
        """
@pytest.mark.variants(a=on("/nothing"), b=on("/long_answer"))
def test_bodies(load):
    load.get("/", users=4, **BRIEF)

@pytest.mark.variants(a=on("/nothing"), b=on("/other_shape"))
def test_shape(load):
    load.get("/", users=4, **BRIEF)

@loaded
@pytest.mark.variants(one=on("/one_row"), many=on("/many_rows"))
@pytest.mark.ordering("one", "many")
def test_rows(load):
    load.get("/", users=4)

@loaded
@pytest.mark.variants(a=on("/one_row"), b=on("/n_plus_one"))
def test_queries(load):
    load.get("/", users=4, **BRIEF)

@loaded
@pytest.mark.variants(a=on("/one_row"), b=on("/n_plus_one"))
def test_meant(load):
    load.get("/", users=4, differs={"queries_per_request", "rows_per_request"}, **BRIEF)

@pytest.mark.variants(a=on("/nothing"), b=on("/one_percent"))
@pytest.mark.ordering("a", "b")
def test_one_fails_now_and_then(load):
    load.get("/", users=4)
""",
        failed=5,
        passed=1,
    )
    refused = [
        'mean length of the bodies: a 2 bytes, b 150 bytes. If that is meant, write differs={"shape", "length"}',
        "shape of the JSON: a has .: list, b has .: object, rows: list; mean length",
        "INVALID one > many in rps by more than 5 %: the variants do not do the same work: mean length",
        "rows per request: one 1, many 1000.",
        "queries per request: a 1, b 2; rows per request: a 1, b 2. ",
        "answers that are not ok: a 0 of 50, b 1 of 50.",
    ]
    output = result.stdout.str()
    assert [text for text in refused if text not in output] == []
    assert "PASSED test_it.py::test_meant" in result.stdout.str()


def test_too_many_connections_are_refused_before_load(gallery):
    why = "up to 16 connections are needed (server makes a connection for every request, and 16 run at once)"
    gallery(
        """
@pytest.mark.database(load=["schema.sql"], settings={"max_connections": 20})
@pytest.mark.server(wsgi)
@pytest.mark.budget(rps=1, errors="100%")
def test_it(load):
    load.get("/connection_each", users=16)
""",
        f"INVALID rps*: {why} and 5 to spare, and max_connections is 20: *",
        failed=1,
    )


@pytest.fixture
def quota():
    """A control group whose CPU quota is a fifth of a core, and what lets a process in."""
    for root, name, text in (
        (Path("/sys/fs/cgroup/cpu"), "cpu.cfs_quota_us", "2000"),
        (Path("/sys/fs/cgroup"), "cpu.max", "2000 10000"),
    ):
        group = root / f"asyncbench-test-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            if (group / "cpu.cfs_period_us").exists():
                (group / "cpu.cfs_period_us").write_text("10000")
            if not (group / name).exists():
                continue
            (group / name).write_text(text)
            yield group / "cgroup.procs"
            return
        finally:
            until = time.monotonic() + 30
            while (group / "cgroup.procs").read_text() and time.monotonic() < until:
                time.sleep(0.01)
            group.rmdir()
    pytest.skip("this machine lets nobody make a control group with a CPU quota")


def test_a_cpu_quota_is_named_and_makes_it_invalid(gallery, quota):
    gallery(
        f"""
import pathlib

@pytest.mark.server(wsgi)
@pytest.mark.budget(rps=1)
def test_it(load, server):
    for pid in server.pids:
        pathlib.Path({str(quota)!r}).write_text(str(pid))
    run = load.get("/python_cpu", users=4, **BRIEF)
    assert run.limiter.name == "machine"
""",
        "INVALID rps*a CPU quota was used up in * of its periods (throttling), and * rounds do not count",
        failed=1,
    )


PAIRS = {
    "same": ('on("/nothing")', 'on("/nothing")'),
    "workers": ('on("/nothing")', 'on("/nothing").with_options(workers=2)'),
    "threads": ('on("/nothing")', 'on("/nothing").with_options(threads=2)'),
    "waiting": ('on("/upstream")', 'on("/nothing")'),
    "computing": ('on("/python_cpu")', 'on("/nothing")'),
    "interfaces": ('on("/nothing")', "asgi"),
}
POOLS = {
    "sizes": ('on("/one_row", POOL=2)', 'on("/one_row", POOL=8)'),
    "one": ('on("/one_row", POOL=1)', 'on("/one_row", POOL=4)'),
    "processes": ('on("/one_row")', 'on("/one_row").with_options(workers=2)'),
    "transactions": ('on("/idle_in_transaction")', 'on("/idle_in_transaction", POOL=2)'),
}
PAIR = """
@pytest.mark.variants(a={0}, b={1})
def test_{name}(load):
    load.get("/", users=4, **BRIEF)
"""


def test_healthy_pairs_are_not_refused(gallery):
    """What is configuration may differ: it is shown, not refused."""
    without = [PAIR.format(*pair, name=name) for name, pair in PAIRS.items()]
    with_one = ["@loaded" + PAIR.format(*pair, name=name) for name, pair in POOLS.items()]
    result = gallery("\n".join([*without, *with_one]), passed=10)
    result.stdout.re_match_lines([r" +different +a +b", r" +workers +1 +2.*"])
