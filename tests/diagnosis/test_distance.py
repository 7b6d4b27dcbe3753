"""What is said of the network between agents and servers."""

from __future__ import annotations

import pytest

from pytest_asyncbench.diagnosis.distance import SMALL, distance, in_budget
from pytest_asyncbench.verdict.statements import Budget, Ordering


@pytest.mark.parametrize(
    ("round_trips", "told"),
    [
        ({"server": ()}, ""),
        ({"server": (SMALL / 2,)}, ""),
        ({"server": (0.0051,)}, "network round trip 5.10 ms"),
        ({"server": (0.0051, 0.02)}, "network round trip 5.10 ms to 20.0 ms"),
        ({"a": (0.0051,), "b": (0.0051,)}, "network round trip 5.10 ms"),
        ({"a": (0.0051,), "b": ()}, "network round trip 5.10 ms (a)"),
        ({"a": (0.0051,), "b": (0.02,)}, "network round trip 5.10 ms (a), 20.0 ms (b)"),
    ],
)
def test_distance(round_trips, told):
    assert distance(round_trips) == told


@pytest.mark.parametrize(
    ("statement", "round_trips", "keepalive", "told"),
    [
        (Budget("p95", 0.25), (0.0051,), True, "the network's round trip, 5.10 ms, is in it"),
        (
            Budget("mean", 0.25),
            (0.0051,),
            False,
            "the network's round trip, 5.10 ms, is in it, at least twice: every request makes a connection",
        ),
        (Budget("p95", 0.25), (SMALL / 2,), True, ""),
        (Budget("p95", 0.25), (), True, ""),
        (Budget("rps", 300, at_least=True), (0.0051,), True, ""),
        (Budget("cpu_per_request", 0.1), (0.0051,), True, ""),
        (Ordering(("a", "b"), "p95", by=1.2), (0.0051,), True, ""),
    ],
)
def test_latency_budgets_say_whether_it_is_in_them(statement, round_trips, keepalive, told):
    assert in_budget(statement, round_trips, keepalive) == told
