"""What breaks a measurement, in words."""

from __future__ import annotations

from dataclasses import replace

from pytest_asyncbench.measure import complaints


def with_starved(evidence, counts):
    """The evidence, with so many starved users of 8 in the slots one after another."""
    rounds = tuple(
        tuple(replace(slot, samples=replace(slot.samples, users=8, starved=count)) for slot in slots)
        for slots, count in zip(evidence.rounds, counts, strict=True)
    )
    return replace(evidence, rounds=rounds)


def test_a_server_that_leaves_users_without_an_answer(make_evidence):
    evidence = make_evidence({"a": [60.0] * 4})
    (text,) = complaints.starved(with_starved(evidence, [6, 6, 0, 5]))
    assert text.startswith("a: 6 of 8 users waited for one answer throughout, in 3 of 4 slots")
    assert complaints.starved(with_starved(evidence, [6, 0, 0, 5])) == []
    assert complaints.starved(evidence) == []
