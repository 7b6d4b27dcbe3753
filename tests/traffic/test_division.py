"""One plan divided among agents, and their results merged."""

from __future__ import annotations

from array import array
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.measure.percentiles import percentile, rps
from pytest_asyncbench.traffic.division import divide, split
from pytest_asyncbench.traffic.merging import MERGED_BY, merge
from pytest_asyncbench.traffic.plan import Burst, ClosedSlot, OpenSlot, Target, WireRequest
from pytest_asyncbench.traffic.samples import SlotResult, StepSamples
from pytest_asyncbench.traffic.sending import Stock

TARGET = Target("h", 1)


@given(st.integers(0, 10_000), st.integers(1, 64))
def test_split_is_exact_and_even(total, parts):
    found = split(total, parts)
    assert (sum(found), len(found)) == (total, parts)
    assert max(found) - min(found) <= 1


@given(st.integers(1, 500), st.integers(1, 64), st.integers(0, 1000))
def test_no_agent_is_without_users(users, agents, least):
    parts = divide(ClosedSlot(TARGET, (), users, 0.5, cycle=0.4, least=least), agents)
    assert len(parts) == min(users, agents)
    assert sum(part.users for part in parts) == users
    assert min(part.users for part in parts) >= 1
    assert sum(part.least for part in parts) >= least
    assert replace(parts[0], users=users, least=least) == ClosedSlot(
        TARGET, (), users, 0.5, cycle=0.4, least=least
    )


@given(st.integers(1, 20), st.integers(1, 6))
def test_first_sends_are_spread_as_those_of_one_agent(each, agents):
    plan = ClosedSlot(TARGET, (), each * agents, 0.5, cycle=1.0)
    sends = sorted(
        part.offset + number / part.users * part.cycle
        for part in divide(plan, agents)
        for number in range(part.users)
    )
    assert sends == pytest.approx([number / plan.users for number in range(plan.users)])


@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 9))
def test_a_burst_is_divided_exactly(users, count, agents):
    parts = divide(Burst(TARGET, (), users, count), agents)
    assert (sum(part.users for part in parts), sum(part.count for part in parts)) == (users, count)
    assert min(min(part.users, part.count) for part in parts) >= 1


@given(st.integers(1, 50), st.integers(1, 9), st.integers(0, 60))
def test_an_open_loop_and_its_requests_are_divided_exactly(most, agents, requests):
    kind = WireRequest("r", "GET", b"", frozenset({200}))
    stock = Stock((kind,), array("I", [0] * requests), [b"%d" % i for i in range(requests)])
    parts = divide(OpenSlot(TARGET, stock, 100.0, 0.5, max_in_flight=most), agents)
    assert sum(part.max_in_flight for part in parts) == most
    assert [(part.part, part.parts, part.rate) for part in parts] == [
        (number, len(parts), 100.0) for number in range(min(most, agents))
    ]
    assert sorted(int(data) for part in parts for data in part.requests.data) == list(range(requests))


def test_every_field_of_a_result_has_its_way_of_being_merged():
    assert list(MERGED_BY) == [field.name for field in fields(SlotResult)]


def test_one_result_stays_what_it_is(make_samples):
    alone = make_samples()
    assert merge([alone]) is alone


def test_samples_and_counts_are_added(make_samples):
    a = make_samples(100, count=60, users=2, failed=3, first=["a", "b", "c"])
    b = make_samples(50, count=40, users=1, failed=1, first=["d"])
    both = merge([a, b])
    assert (both.users, len(both.outcome), both.ok_total, both.answers) == (3, 100, 96, 100)
    assert list(both.latency) == [*a.latency, *b.latency]
    assert both.counts["measure"] == {"ok": 96, "bad_status": 4}
    assert both.counts["tail"] == {}
    assert both.first_failures == {"bad_status": ("a", "b", "c")}
    assert percentile([both], 0.5) == percentile([a, b], 0.5)
    assert percentile([both], 0.9) == percentile([a, b], 0.9)


def test_the_rate_of_all_is_the_sum_of_their_rates(make_samples):
    parts = [make_samples(100, count=50, users=4), make_samples(100, count=50, users=4)]
    assert rps([merge(parts)]) == pytest.approx(sum(rps([part]) for part in parts))


def test_the_window_is_the_common_one(make_samples):
    a = replace(
        make_samples(), started=9.8, opened=10.0, closed=10.5, ended=10.6, agent_cpu=0.3, occupied=1.0
    )
    b = replace(
        make_samples(), started=9.9, opened=10.1, closed=10.7, ended=11.0, agent_cpu=0.7, occupied=0.9
    )
    both = merge([a, b])
    assert (both.opened, both.closed, both.window) == (10.1, 10.5, pytest.approx(0.4))
    assert (both.started, both.ended) == (9.8, 11.0)
    assert both.sent[0] == pytest.approx(-0.1), "of the first, before all were measuring"
    assert (both.agent_cpu, both.occupied) == (0.7, pytest.approx(0.95))


def test_complaints_name_their_agent(make_samples):
    both = merge([make_samples(), make_samples(complaints=["it was late"])])
    assert both.complaints == ("agent 2 of 2: it was late",)


def test_the_steps_of_flows_are_joined_by_name(make_samples):
    def one(opened, **steps):
        return replace(
            make_samples(), opened=opened, steps={name: step(*times) for name, times in steps.items()}
        )

    def step(*times):
        count = len(times)
        return StepSamples(array("f", times), array("d", [0.1] * count), bytes(count), {"ok": count})

    both = merge([one(10.0, login=(0.0, 0.5)), one(10.5, login=(0.25,), browse=(0.0,))])
    assert list(both.steps) == ["login", "browse"]
    assert list(both.steps["login"].sent) == [-0.5, 0.0, 0.25]
    assert both.steps["login"].totals == {"ok": 3}
    assert len(both.steps["login"].latency) == len(both.steps["login"].outcome) == 3
    assert merge([make_samples(), make_samples()]).steps is None
