"""Three of each of what benchmarks/verdicts.py counts: equal servers are never said to differ, and slower ones are.

What must never be wrong is judged by throughput, on however busy a machine. What must be found is judged by CPU time
per request, which other work on the machine does not change as much.
"""

from __future__ import annotations

import re
from collections import Counter

import pytest

OPTIONS = (
    "--asyncbench-inconclusive=pass",
    "--asyncbench-launch-allowance=0%",  # the confirming is tested elsewhere
    "--asyncbench-rounds=8",
    "--asyncbench-slot=100ms",
    "--asyncbench-warmup=200ms",
    "--tb=no",
)


def verdicts(result: pytest.RunResult) -> Counter[tuple[str, str]]:
    """How often each statement came to what."""
    lines = re.findall(r"^  (PASS|FAIL|INCONCLUSIVE|INVALID) (one|new) (>|is not)", result.stdout.str(), re.M)
    return Counter((outcome, sign) for outcome, _, sign in lines)


def test_equal_servers_are_never_said_to_differ(project):
    result = project.write("""
@pytest.mark.parametrize("run", range(3))
@pytest.mark.variants(one=one, other=one)
@pytest.mark.ordering("one", "other", by="5%")
@pytest.mark.no_regression("one", "other", within="10%")
def test_same(load, run):
    load.get("/busy", users=2)
""").run(*OPTIONS)
    found = verdicts(result)
    assert found.total() == 6
    assert found["PASS", ">"] == found["FAIL", "is not"] == 0
    assert not any(outcome == "INVALID" for outcome, _ in found)


@pytest.mark.parametrize(("slowed_by", "wrong"), [("0.05", "FAIL"), ("0.2", "PASS"), ("0.3", "PASS")])
def test_slower_ones_are_found(project, slowed_by, wrong):
    result = project.write(f"""
@pytest.mark.parametrize("run", range(3))
@pytest.mark.variants(new=one.with_env(SLOWED_BY={slowed_by}), old=one)
@pytest.mark.no_regression("new", "old", metric="cpu_per_request", within="10%")
def test_slower(load, run):
    load.get("/busy", users=2)
""").run(*OPTIONS)
    found = verdicts(result)
    assert found.total() == 3
    assert found[wrong, "is not"] == 0
    assert wrong == "FAIL" or found["FAIL", "is not"] >= 2
