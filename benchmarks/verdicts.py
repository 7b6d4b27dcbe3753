"""How often the plugin is right about the quotes example: real servers, real PostgreSQL, real verdicts.

    python benchmarks/verdicts.py RESULTS.jsonl [RUNS]

Runs three claims in turn, RUNS times each (default 20): that pooled Django beats unpooled by 20 % (true), the same
turned round (false), and that pooled Django beats itself by 5 % (false). Every run is a line in RESULTS, written when
it is known, so the script can be stopped and started again; it prints the table of what is there at its end.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODULE = """
import pytest
from quotes.test_quotes import pooled, unpooled

base = pytest.mark.database(load=["{quotes}/schema.sql", "{quotes}/seed.sql"])

@base
@pytest.mark.variants(pooled=pooled, unpooled=unpooled)
@pytest.mark.ordering("pooled", "unpooled", by="20%")
def test_true(load):
    load.get("/quote", users=64)

@base
@pytest.mark.variants(pooled=pooled, unpooled=unpooled)
@pytest.mark.ordering("unpooled", "pooled")
def test_turned_round(load):
    load.get("/quote", users=64)

@base
@pytest.mark.variants(one=pooled, other=pooled)
@pytest.mark.ordering("one", "other", by="5%")
def test_against_itself(load):
    load.get("/quote", users=64)
"""
CLAIMS = ("true", "turned_round", "against_itself")
VERDICT = re.compile(r"^\s+(PASS|FAIL|INCONCLUSIVE|INVALID) .* in rps by more than", re.MULTILINE)
RATIO = re.compile(r"rps \w+ / \w+\s+([\d.e+-]+) \[([^\]]+)\] after (\d+)\s+rounds")


def run(claim: str, directory: Path) -> dict[str, object]:
    """One pytest run of one claim."""
    began = time.monotonic()
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "--tb=no",
        f"test_it.py::test_{claim}",
    ]
    output = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False).stdout
    verdict, numbers = VERDICT.search(output), RATIO.search(" ".join(output.split()))
    return {
        "claim": claim,
        "verdict": verdict[1] if verdict else "none",
        "ratio": numbers and float(numbers[1]),
        "interval": numbers and numbers[2],
        "rounds": numbers and int(numbers[3]),
        "seconds": round(time.monotonic() - began, 1),
        "output": "" if verdict else output[-2000:],
    }


def table(lines: list[dict[str, object]]) -> str:
    """What came out, a line per claim."""
    rows = []
    for claim in CLAIMS:
        mine = [line for line in lines if line["claim"] == claim]
        verdicts = Counter(str(line["verdict"]) for line in mine)
        rounds = Counter(line["rounds"] for line in mine)
        seconds = sorted(float(str(line["seconds"])) for line in mine)
        middle = f"{seconds[len(seconds) // 2]:.0f} s" if seconds else "-"
        rows.append(f"{claim:15} {dict(verdicts)}  rounds {dict(rounds)}  median {middle} with all start-ups")
    return "\n".join(rows)


def main() -> None:
    results, runs = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 20
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "pytest.ini").write_text(f"[pytest]\npythonpath = {ROOT / 'example_apps'}\n")
        (directory / "test_it.py").write_text(
            MODULE.replace("{quotes}", str(ROOT / "example_apps" / "quotes"))
        )
        for _ in range(runs):
            for claim in CLAIMS:
                lines = (
                    [json.loads(line) for line in results.read_text().splitlines()]
                    if results.exists()
                    else []
                )
                if sum(line["claim"] == claim for line in lines) < runs:
                    with results.open("a") as file:
                        file.write(json.dumps(run(claim, directory)) + "\n")
    sys.stdout.write(table([json.loads(line) for line in results.read_text().splitlines()]) + "\n")


if __name__ == "__main__":
    main()
