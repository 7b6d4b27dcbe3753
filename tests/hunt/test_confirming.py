"""The last look, and the verdicts on it."""

from __future__ import annotations

import pytest

from pytest_asyncbench.hunt.confirming import Sight, confirm, judge_latency
from pytest_asyncbench.hunt.quarry import Quarry
from pytest_asyncbench.hunt.timing import Batch, Timing
from pytest_asyncbench.traffic.requests import request
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.statements import Budget

SLOW, QUICK = request("GET", "/slow", params={"n": 9}), request("GET", "/quick")
QUARRY = Quarry(SLOW, SLOW, QUICK, 10, 100)
ONE = Quarry(SLOW, SLOW, SLOW, 1, 100)


def sights(*rounds):
    """Rounds of the slowest request, each some latencies; None is no answer."""
    return [
        Sight(
            Batch(tuple(Timing(t) if t is not None else Timing(5.0, "timeout") for t in each)),
            Batch((Timing(0.01),)),
        )
        for each in rounds
    ]


def judged(limit, seen, metric="p50", *, ended=True):
    return judge_latency(Budget(metric, limit), QUARRY, seen, Effort(), ended=ended)


def takes(asked):
    return 0.1 if asked.url == "/slow" else 0.01


def test_both_are_sent_in_every_round_in_an_order_that_a_coin_draws(server_of):
    server = server_of(takes)
    found = confirm(server, QUARRY, 1, server.now() + 60, 30, lambda seen: len(seen) == 12)
    assert len(found) == 12
    assert {(each.slowest.latency, each.typical.latency) for each in found} == {(0.1, 0.01)}
    assert len(found[0].typical.timings) == 10, "what is quick is sent more often"
    assert {server.log[start].url for start in range(2, len(server.log), 11)} == {"/slow", "/quick"}


def test_time_ends_it_and_one_request_is_sent_once(server_of):
    server = server_of(takes)
    found = confirm(server, ONE, 1, server.now() + 1.05, 30, lambda seen: False)
    assert 3 < len(found) < 10
    assert all(each.slowest is each.typical for each in found)
    assert confirm(server, QUARRY, 1, server.now(), 30, lambda seen: False) == []


def test_a_limit_is_judged_by_the_rule_and_names_the_request():
    seen = sights(*[(0.1, 0.11, 0.09)] * 8)
    passed, failed = judged(0.2, seen), judged(0.05, seen)
    assert (passed.outcome, failed.outcome) == ("PASS", "FAIL")
    assert failed.why.endswith("above 50.0 ms: request(\"GET\", '/slow', params={'n': 9})")
    assert judged(0.2, seen[:7], ended=False) is None
    assert judged(0.2, seen[:7]).outcome == "INCONCLUSIVE"


def test_what_is_never_answered_is_above_every_limit():
    assert judged(1000.0, sights(*[(None,)] * 8)).outcome == "FAIL"


@pytest.mark.parametrize(
    ("metric", "slow", "outcome"),
    [("p95", 4, "PASS"), ("p95", 5, "INCONCLUSIVE"), ("p99", 1, "INCONCLUSIVE"), ("mean", 9, "PASS")],
)
def test_a_percentile_passes_only_if_few_answers_are_above(metric, slow, outcome):
    """Of 80 answers p95 allows 4 above, and p99 none."""
    rounds = [[0.1] * 10 for _ in range(8)]
    for number in range(slow):
        rounds[number % 8][number // 8] = 0.9
    found = judged(0.2, sights(*rounds), metric)
    assert found.outcome == outcome
    assert (f"{slow} of its 80 answers took longer than 200 ms" in found.why) is (outcome != "PASS")
