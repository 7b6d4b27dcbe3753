"""A ratio that changes from the first round to the last."""

from __future__ import annotations

import math
from random import Random

from pytest_asyncbench.measure.drift import drift_notes, drifts


def test_a_trend_is_told(make_evidence):
    rising = [100.0 + 2 * number for number in range(18)]
    (note,) = drift_notes(make_evidence({"a": rising, "b": [100.0] * 18}))
    assert note.startswith(
        "the effect drifts: rps a / b was 1.08 in the first half of the rounds and 1.26 in"
    )
    assert drift_notes(make_evidence({"a": rising, "b": rising})) == []
    assert drift_notes(make_evidence({"a": rising})) == []


def test_few_rounds_or_none_have_no_trend(make_evidence):
    assert not drifts([float(n) for n in range(11)])
    assert not drifts([math.inf] * 12)
    assert drift_notes(make_evidence({"a": [], "b": []})) == []


def test_chance_is_rarely_taken_for_a_trend():
    random = Random("drift")
    runs = [[random.gauss(0, 1) for _ in range(18)] for _ in range(1000)]
    assert sum(map(drifts, runs)) <= 20
    assert all(drifts([value + number for number, value in enumerate(run)]) for run in runs)
