"""How often a comparison with a git revision is right: a head that equals its base, and one with a planted slowdown.

    python benchmarks/against.py RESULTS.jsonl [RUNS]

Makes a repository in a temporary directory, with an app that computes for 2 ms, and runs pytest against its main branch
RUNS times each (default 10): the same code, which must not fail, and code that computes 30 % longer, which should, in
CPU time and, on a machine that does nothing else, in rps. Every verdict is a line in RESULTS; the table of what is
there is printed at the end.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import product
from pathlib import Path

APP = """
import time

COST = {cost}

def wsgi(environ, start_response):
    end = time.thread_time() + COST
    while time.thread_time() < end:
        pass
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]
"""
TEST = """
import pytest
from pytest_asyncbench import granian

@pytest.mark.server(granian("app:wsgi", interface="wsgi", workers=1, threads=1))
@pytest.mark.no_regression(metric="{metric}", within="10%")
def test_it(load):
    load.get("/", users=2)
"""
METRICS = ("cpu_per_request", "rps")
HEADS = {"equal": 0.002, "30 % slower": 0.0026}
OPTIONS = ("--asyncbench-against=main", "--asyncbench-warmup=1s", "--asyncbench-max-time=60s")
GIT = ["git", "-c", "user.name=Nobody", "-c", "user.email=nobody@example.com"]
VERDICT = re.compile(r"^(?:\s+|)(PASS|FAIL|INCONCLUSIVE|INVALID) server is not worse than", re.MULTILINE)
RATIO = re.compile(
    r"(?:rps server / server@main|request server@main / server)\s+([\d.e+-]+)\s+\[([^\]]+)\]\s+after (\d+)\s+rounds"
)


def repository(place: Path) -> None:
    """The base: on main, everything committed."""
    (place / "app.py").write_text(APP.format(cost=HEADS["equal"]))
    (place / "test_it.py").write_text("")
    (place / "pytest.ini").write_text("[pytest]\n")
    for arguments in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "The base"]):
        subprocess.run([*GIT, *arguments], cwd=place, check=True)


def run(place: Path, head: str, metric: str) -> dict[str, object]:
    """One pytest run of one head, judged by one metric."""
    (place / "test_it.py").write_text(TEST.format(metric=metric))
    (place / "app.py").write_text(APP.format(cost=HEADS[head]))
    began = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *OPTIONS]
    output = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False).stdout
    verdict, seen = VERDICT.search(output), RATIO.search(output)
    return {
        "head": head,
        "metric": metric,
        "verdict": verdict[1] if verdict else "?",
        "ratio": seen[1] if seen else None,
        "interval": seen[2] if seen else None,
        "rounds": int(seen[3]) if seen else None,
        "seconds": round(time.monotonic() - began, 1),
    }


def table(results: list[dict[str, object]]) -> str:
    """For each head and metric: how often which verdict, and how long it took."""
    lines = ["| head | metric | verdicts | ratios | seconds |", "|---|---|---|---|---|"]
    for head, metric in product(HEADS, METRICS):
        mine = [result for result in results if (result["head"], result["metric"]) == (head, metric)]
        counts = Counter(str(result["verdict"]) for result in mine)
        ratios = sorted(float(str(result["ratio"])) for result in mine if result["ratio"])
        seconds = sorted(float(str(result["seconds"])) for result in mine)
        if mine:
            told = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
            spread = f"{ratios[0]:.3f} to {ratios[-1]:.3f}" if ratios else "-"
            lines.append(f"| {head} | {metric} | {told} | {spread} | {seconds[0]:.0f} to {seconds[-1]:.0f} |")
    return "\n".join(lines)


def main(path: Path, runs: int) -> None:
    """Add runs to `path`, and print the table."""
    with tempfile.TemporaryDirectory() as directory:
        repository(Path(directory))
        for _ in range(runs):
            for head, metric in product(HEADS, METRICS):
                with path.open("a") as file:
                    file.write(json.dumps(run(Path(directory), head, metric)) + "\n")
    sys.stdout.write(table([json.loads(line) for line in path.read_text().splitlines()]) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10)
