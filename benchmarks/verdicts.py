"""How often the plugin is right, and how soon: real servers, real PostgreSQL, real verdicts.

    python benchmarks/verdicts.py --out RESULTS.jsonl [--runs 20] [--part NAME ...] [--option=ARGUMENT ...]

Every run is a line in RESULTS.jsonl, written when it is known, so the script can be stopped and started again, and run
in parts; it ends with the table of what is there. With --option=--asyncbench-launch-allowance=0% each verdict of one
launch counts: that is sooner over, and wrong more easily. Parts (runs wanted by default):

    same         (60)  pooled Django against itself: "one beats the other by 5 %" must not PASS, "no regression within
                       10 %" must not FAIL
    slower_5     (20)  a busy loop takes 5 % of each request: "no regression within 10 %" FAILs once at most
    slower_20, slower_30 (20)  the same with 20 % and 30 %: it FAILs in 18 of 20 at least
    pooled       (20)  "pooled beats unpooled by 20 %": a PASS, within 40 s with all start-ups
    turned_round (20)  the same turned round: a FAIL
    fifth        (20)  a 20 % difference, claimed to be more than 5 %: a PASS, within 60 s at the median
    killed, failing, empty (20)  a server that is killed, one that answers 500 at once, one that hangs: INVALID
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CONFTEST = """
import json, pathlib

def pytest_sessionfinish(session):
    from pytest_asyncbench.items import BENCH
    told = []
    for case in session.config.stash[BENCH].cases:
        for record in case.records:
            evidence = record.run.evidence
            again = evidence.confirming
            for item in record.judgements:
                if item.is_worth_a_line and item.statement.metric != "errors":
                    found = item.verdict
                    told.append({
                        "statement": type(item.statement).__name__, "verdict": item.outcome,
                        "ratio": found and round(found.ratio, 4), "low": found and round(found.low, 4),
                        "high": found and round(found.high, 4), "rounds": len(evidence.rounds),
                        "fresh": again and len(again.rounds) // again.merged, "voided": len(evidence.voided),
                        "loaded": round(evidence.seconds, 1), "why": item.why[:300],
                    })
    pathlib.Path("told.json").write_text(json.dumps(told))
"""
MODULE = """
import os, signal, threading
import pytest
from pytest_asyncbench import granian
from quotes.servers import pooled, unpooled

slowed = pooled.with_options(app="slowed:application", cwd="{benchmarks}", threads=1).with_env(
    PYTHONPATH="{examples}")
tiny = granian("tiny:wsgi", interface="wsgi", workers=1, threads=4, cwd="{tiny}")
base = pytest.mark.database(load=["{quotes}/schema.sql", "{quotes}/seed.sql"])

@base
@pytest.mark.variants(one=pooled, other=pooled)
@pytest.mark.ordering("one", "other", by="5%")
@pytest.mark.no_regression("one", "other", within="10%")
def test_same(load):
    load.get("/quote", users=64)

@base
@pytest.mark.variants(new=slowed.with_env(BUSY="0.05"), old=slowed)
@pytest.mark.no_regression("new", "old", within="10%")
def test_slower_5(load):
    load.get("/quote", users=64)

@base
@pytest.mark.variants(new=slowed.with_env(BUSY="0.2"), old=slowed)
@pytest.mark.no_regression("new", "old", within="10%")
def test_slower_20(load):
    load.get("/quote", users=64)

@base
@pytest.mark.variants(new=slowed.with_env(BUSY="0.3"), old=slowed)
@pytest.mark.no_regression("new", "old", within="10%")
def test_slower_30(load):
    load.get("/quote", users=64)

@base
@pytest.mark.variants(pooled=pooled, unpooled=unpooled)
@pytest.mark.ordering("pooled", "unpooled", by="20%")
def test_pooled(load):
    load.get("/quote", users=64)

@base
@pytest.mark.variants(pooled=pooled, unpooled=unpooled)
@pytest.mark.ordering("unpooled", "pooled")
def test_turned_round(load):
    load.get("/quote", users=64)

@base
@pytest.mark.variants(old=slowed, new=slowed.with_env(BUSY="0.1667"))
@pytest.mark.ordering("old", "new")
def test_fifth(load):
    load.get("/quote", users=64)

@pytest.mark.server(tiny)
@pytest.mark.budget(rps=1)
def test_killed(server, load):
    threading.Timer({moment}, os.kill, (server.pid, signal.SIGKILL)).start()
    load.get("/slow", users=2, timeout="1s")

@pytest.mark.variants(one=tiny, other=tiny)
@pytest.mark.ordering("one", "other")
def test_failing(load):
    load.get("/boom", users=4)

@pytest.mark.server(tiny)
@pytest.mark.budget(rps=1)
def test_empty(server, load):
    def hang():
        for pid in server.pids:
            os.kill(pid, signal.SIGSTOP)
    threading.Timer({moment}, hang).start()
    load.get("/slow", users=2, timeout="5s")
"""
PARTS = {
    "same": 60,
    **dict.fromkeys(("slower_5", "slower_20", "slower_30", "pooled", "turned_round", "fifth"), 20),
    **dict.fromkeys(("killed", "failing", "empty"), 20),
}
Line = dict[str, Any]


def module(number: int) -> str:
    """The tests; what goes wrong goes wrong at another moment in each run."""
    places = {
        "benchmarks": ROOT / "benchmarks",
        "examples": ROOT / "example_apps",
        "quotes": ROOT / "example_apps" / "quotes",
        "tiny": ROOT / "tests" / "plugin",
        "moment": 0.5 + 0.4 * (number % 20),
    }
    text = MODULE
    for name, value in places.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


def run(part: str, number: int, options: list[str]) -> Line:
    """One pytest run of one part."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "pytest.ini").write_text(f"[pytest]\npythonpath = {ROOT / 'example_apps'}\n")
        (directory / "conftest.py").write_text(CONFTEST)
        (directory / "test_it.py").write_text(module(number))
        began = time.monotonic()
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            *options,
            f"test_it.py::test_{part}",
        ]
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - began
        told = directory / "told.json"
        found = json.loads(told.read_text()) if told.exists() else []
    line: Line = {"part": part, "options": options, "seconds": round(seconds, 1), "told": found}
    return line if found else {**line, "output": done.stdout[-2000:]}


def read(path: Path) -> list[Line]:
    """What is known so far."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def table(lines: list[Line]) -> str:
    """What came out, a line per part, options and statement."""
    rows = []
    kinds = {(line["part"], " ".join(line["options"])) for line in lines}
    for part, options in sorted(kinds, key=lambda kind: (list(PARTS).index(kind[0]), kind[1])):
        mine = [line for line in lines if (line["part"], " ".join(line["options"])) == (part, options)]
        name = f"{part} {options}".strip()
        told = [item for line in mine for item in line["told"]]
        times = [line["seconds"] for line in mine]
        for statement in sorted({item["statement"] for item in told}):
            these = [item for item in told if item["statement"] == statement]
            verdicts = ", ".join(
                f"{n} {what}" for what, n in Counter(i["verdict"] for i in these).most_common()
            )
            rounds = dict(sorted(Counter(item["rounds"] for item in these).items()))
            confirmed = sum(bool(item["fresh"]) for item in these)
            rows.append(
                f"{name:12} {statement:13} {len(these):3} runs: {verdicts}; rounds {rounds}; "
                f"{confirmed} on fresh launches; median {median(times):.0f} s, longest {max(times):.0f} s in all"
            )
        if silent := sum(not line["told"] for line in mine):
            rows.append(f"{name:12} {silent} runs without a verdict")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--runs", type=int, help="of each part, instead of as many as it says")
    parser.add_argument(
        "--part", action="append", choices=PARTS, help="this part only; may be given several times"
    )
    parser.add_argument("--option", action="append", default=[], help="passed to pytest")
    given = parser.parse_args()
    wanted = {part: given.runs or PARTS[part] for part in given.part or PARTS}
    for number in range(max(wanted.values())):
        for part, runs in wanted.items():
            done = sum((line["part"], line["options"]) == (part, given.option) for line in read(given.out))
            if done <= number < runs:
                with given.out.open("a") as file:
                    file.write(json.dumps(run(part, number, given.option)) + "\n")
    sys.stdout.write(table(read(given.out)) + "\n")


if __name__ == "__main__":
    main()
