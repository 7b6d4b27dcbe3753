"""Rounds, and what belongs together in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st


@given(st.integers(0, 20), st.integers(1, 5))
def test_data_are_whole_consecutive_rounds(make_evidence, rounds, merged):
    evidence = make_evidence({"a": [100] * rounds, "b": [50] * rounds}, merged=merged)
    assert evidence.variants == ("a", "b")
    data = evidence.data("b")
    assert [slot.round for datum in data for slot in datum] == list(range(1, rounds // merged * merged + 1))
    assert {len(datum) for datum in data} <= {merged}
    assert {slot.variant for datum in data for slot in datum} <= {"b"}
    assert len(evidence.slots("b")) == rounds, "an incomplete datum is left out, its slots are not"


def test_ok_counts_the_warm_up_too(make_evidence):
    evidence = make_evidence({"a": [100] * 3}, slots={"a": {"failed": 10}}, ok_before={"a": 5})
    assert evidence.ok("a") == 5 + 3 * 290
    assert make_evidence({"a": [100]}).ok("a") == 300


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"failed": 20}, "a: 40 of 600 requests were not ok: 40 bad_status"),
        (
            {"failed": 1, "how": "timeout", "first": ["nothing after 30 s"]},
            "a: 2 of 600 requests were not ok: 2 timeout, first: nothing after 30 s",
        ),
    ],
)
def test_failures_in_words(make_evidence, words, text):
    from pytest_asyncbench.measure.failures import describe_failures

    assert describe_failures(make_evidence({"a": [100, 100]}, slots={"a": words}), "a") == text
