"""A slot in steps of 100 ms."""

from __future__ import annotations

from array import array
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.measure.series import series
from pytest_asyncbench.traffic.outcomes import OUTCOMES


@pytest.fixture(scope="session")
def slot(make_samples):
    """Makes a slot of (sent, latency, outcome)."""

    def made(requests, window=0.5):
        return replace(
            make_samples(count=0, window=window),
            sent=array("f", [at for at, _, _ in requests]),
            latency=array("d", [latency for _, latency, _ in requests]),
            outcome=bytes(OUTCOMES.index(how) for _, _, how in requests),
        )

    return made


def test_requests_count_where_they_were_sent(slot):
    found = series(
        slot([(0.05, 0.5, "ok"), (0.01, 0.1, "ok"), (0.15, 9.0, "timeout"), (0.49, 0.2, "ok")], window=0.55)
    )
    assert [moment.at for moment in found] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert [moment.sent for moment in found] == [2, 1, 0, 0, 1, 0]
    assert [moment.ok for moment in found] == [2, 0, 0, 0, 1, 0]
    assert [moment.failed for moment in found] == [0, 1, 0, 0, 0, 0]
    assert found[0].latency == pytest.approx(0.3)
    assert found[1].latency is found[5].latency is None


def test_a_stall_is_seen_where_it_is(slot):
    stalled = [(n / 100, 0.3 - n / 100 if 10 <= n < 30 else 0.01, "ok") for n in range(50)]
    found = series(slot(stalled))
    assert [round(moment.latency or 0, 3) for moment in found] == [0.01, 0.155, 0.055, 0.01, 0.01]


@given(
    st.lists(st.tuples(st.floats(0, 2, width=32), st.floats(0, 5), st.sampled_from(OUTCOMES)), max_size=50),
    st.floats(0.05, 1),
)
def test_nothing_vanishes(slot, requests, step):
    found = series(slot(requests, window=2.0), step)
    assert sum(moment.sent for moment in found) == len(requests)
    assert sum(moment.ok for moment in found) == sum(how == "ok" for _, _, how in requests)
    assert all(moment.sent == moment.ok + moment.failed for moment in found)
    total = sum((moment.latency or 0) * moment.ok for moment in found)
    assert total == pytest.approx(sum(latency for _, latency, how in requests if how == "ok"))
