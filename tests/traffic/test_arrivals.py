"""The starts of an open loop are planned, whatever the server does."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.traffic.arrivals import starts_of
from pytest_asyncbench.traffic.plan import LONGEST_WINDOW, OpenSlot, Target, longest_time

PLANS = st.builds(
    OpenSlot,
    target=st.just(Target("h", 1)),
    requests=st.just(()),
    rate=st.floats(1, 2000),
    window=st.floats(0.1, 3),
    arrivals=st.sampled_from(["constant", "poisson"]),
    latency=st.floats(0, 2),
    least=st.integers(0, 500),
    seed=st.text(max_size=3),
)


@given(PLANS)
def test_starts_of_any_plan(plan):
    starts = starts_of(plan)
    later = list(islice(starts.later, 5))
    assert starts.opens >= max(0.2, plan.latency) * (1 - 1e-6)
    assert starts.closes - starts.opens >= plan.window * (1 - 1e-6)
    times = [*starts.planned, *later]
    assert all(before < after for before, after in pairwise(times))
    assert starts.planned[-1] < starts.closes <= later[0]
    measured = [time for time in starts.planned if time >= starts.opens]
    assert starts.measured == len(measured) >= 1
    full = starts.closes - starts.opens >= LONGEST_WINDOW * (1 - 1e-6)
    assert len(measured) >= plan.least or full
    assert starts.closes < longest_time(plan)
    assert starts_of(plan).planned == starts.planned


@given(PLANS, st.integers(2, 5))
def test_the_parts_of_several_agents_are_the_whole(plan, parts):
    whole = starts_of(plan)
    each = [starts_of(replace(plan, part=part, parts=parts)) for part in range(parts)]
    assert {(one.opens, one.closes) for one in each} == {(whole.opens, whole.closes)}
    assert sorted(time for one in each for time in one.planned) == list(whole.planned)
    later = sorted(time for one in each for time in islice(one.later, 10))
    assert later[:10] == list(islice(whole.later, 10))
    assert sum(one.measured for one in each) == whole.measured


@given(st.floats(1, 2000), st.floats(0.1, 2), st.floats(0, 1))
def test_constant_arrivals_are_exact(rate, window, latency):
    starts = starts_of(OpenSlot(Target("h", 1), (), rate, window, latency=latency))
    assert starts.measured / (starts.closes - starts.opens) == pytest.approx(rate, rel=1e-9)
    gaps = [after - before for before, after in pairwise(starts.planned)]
    assert all(abs(gap * rate - 1) < 1e-6 for gap in gaps)


def test_poisson_arrivals_have_their_rate():
    plan = OpenSlot(Target("h", 1), (), 100.0, 1000.0, "poisson", seed="7")
    assert starts_of(plan).measured == pytest.approx(100_000, rel=0.01)
