"""Comparisons of measured values ask for evidence."""

from __future__ import annotations

import math
import operator

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pytest_asyncbench.errors import Inconclusive
from pytest_asyncbench.measure.comparison import failed_on
from pytest_asyncbench.measure.interval import interval
from pytest_asyncbench.measure.value import Measure, Origin
from pytest_asyncbench.metrics import metric
from pytest_asyncbench.verdict.effort import Effort

EFFORT = Effort(0.95, 12)
HERE = Origin(1, EFFORT)
RATES = st.lists(st.floats(1, 1000), min_size=8, max_size=12)
COMPARISONS = st.sampled_from([operator.lt, operator.le, operator.gt, operator.ge])
TURNED = {
    operator.lt: operator.gt,
    operator.le: operator.ge,
    operator.gt: operator.lt,
    operator.ge: operator.le,
}
OPPOSITE = {
    operator.lt: operator.ge,
    operator.le: operator.gt,
    operator.gt: operator.le,
    operator.ge: operator.lt,
}


def measure(data: list[float], name: str = "rps", variant: str = "a", origin: Origin = HERE) -> Measure:
    entry = metric(name)
    if entry.kind == "counted":
        return Measure(entry, variant, data[0], data[0], data[0], (data[0],), origin)
    found = interval(data, EFFORT)
    return Measure(entry, variant, found.centre, found.low, found.high, tuple(data), origin)


fast, slow = measure([100.0 + i for i in range(8)]), measure([50.0 + i for i in range(8)], variant="b")


def test_what_the_interval_says_is_true_or_false():
    assert fast > slow
    assert slow < fast
    assert not fast < slow
    assert fast > 1.2 * slow
    assert fast > slow * 1.5
    assert fast / 2 < slow * 1.5
    assert fast > 90
    assert not fast >= 120
    assert fast > 90


def test_what_it_does_not_say_is_undecided():
    for undecided in (lambda: fast > 103, lambda: fast > 1.9 * slow, lambda: sorted([slow * 1.9, fast])):
        with pytest.raises(Inconclusive, match=r"undecided, ratio .* use a marker, or rounds=30"):
            bool(undecided())


def test_fewer_than_eight_rounds_decide_nothing():
    few, other = measure([100.0] * 7), measure([1.0] * 7)
    assert (few.low, few.high) == (0, math.inf)
    with pytest.raises(Inconclusive, match="7 rounds"):
        bool(few > other)
    with pytest.raises(Inconclusive, match="below 8 rounds there are values but no interval"):
        bool(few > 1)


@given(RATES, RATES, COMPARISONS)
def test_a_comparison_its_mirror_and_its_opposite_agree(a, b, by):
    rounds = min(len(a), len(b))
    left, right = measure(a[:rounds]), measure(b[:rounds], variant="b")

    def answer(compare, x, y):
        try:
            return bool(compare(x, y))
        except Inconclusive:
            return None

    said = answer(by, left, right)
    assert answer(TURNED[by], right, left) is said
    assert answer(OPPOSITE[by], left, right) is (None if said is None else not said)
    if said is not None:
        assert said is by(left.ratio_to(right).centre, 1)


@given(RATES, st.floats(0.1, 10))
def test_a_factor_scales_the_value_and_its_interval(data, by):
    plain = measure(data)
    for scaled in (plain * by, by * plain, plain / (1 / by)):
        assert scaled.value == pytest.approx(plain.value * by)
        assert (scaled.low, scaled.high) == pytest.approx((plain.low * by, plain.high * by))
        assert scaled.data == pytest.approx([item * by for item in data])
        assert scaled.unit == plain.unit


@given(RATES, st.floats(0.1, 10))
def test_a_factor_moves_to_the_other_side(data, by):
    left, right = measure(data), measure([100.0] * len(data), variant="b")
    ratio = left.ratio_to(right)
    assume(all(abs(bound - by) > 1e-6 * by for bound in (ratio.low, ratio.high, ratio.centre)))
    try:
        expected = bool(left / by > right)
    except Inconclusive:
        with pytest.raises(Inconclusive):
            bool(left > by * right)
    else:
        assert bool(left > by * right) is expected


def test_counted_values_are_compared_as_numbers():
    none, some = measure([0.0], "errors"), measure([0.01], "errors")
    assert none == 0
    assert none != 0.01
    assert some == measure([0.01], "errors")
    assert none < some
    assert some <= 0.01
    assert not some > 0.01
    assert (none == "nothing") is False


def test_sampled_values_are_never_equal():
    for compare in (operator.eq, operator.ne):
        with pytest.raises(
            TypeError, match=r"rps is sampled: two samples are never equal; use <, > or float\(rps\)"
        ):
            compare(fast, fast)


def test_a_value_is_not_true_or_false_and_is_no_key():
    with pytest.raises(
        TypeError, match="rps is a measured value, not true or false; compare it, or use float"
    ):
        bool(fast)
    with pytest.raises(TypeError, match="unhashable"):
        {fast}  # noqa: B018


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (measure([1.0] * 8, "p95"), "rps and p95 are different metrics"),
        (
            measure([1.0] * 8, origin=Origin(2, EFFORT)),
            "come from two load calls, which were not interleaved",
        ),
        ("100", "rps cannot be compared with '100'; write a number in 1/s"),
        (True, "rps cannot be compared with True"),
        (None, "rps cannot be compared with None"),
    ],
)
def test_comparisons_without_a_meaning(other, why):
    with pytest.raises(TypeError, match=why):
        _ = fast > other


@pytest.mark.parametrize("by", [0, -1, True, "2", math.nan, fast])
def test_a_factor_is_a_number_above_zero(by):
    with pytest.raises(TypeError):
        _ = fast * by


def test_division_by_nothing():
    for by in (0, "2", -1, True):
        with pytest.raises(TypeError):
            _ = fast / by


def test_one_value_over_another_is_their_ratio():
    ratio = fast / slow
    assert (ratio.value, ratio.low, ratio.high) == (
        fast.ratio_to(slow).centre,
        fast.ratio_to(slow).low,
        fast.ratio_to(slow).high,
    )
    assert repr(ratio) == "<a/b.rps ratio = 1.94 [1.89, 1.98], 8 rounds>"
    assert ratio > 1.5
    assert ratio > 0.5 * ratio
    assert not fast / fast > 1.1
    with pytest.raises(TypeError, match="different metrics, and cannot be divided by one another"):
        _ = fast / measure([1.0] * 8, "p95")
    with pytest.raises(TypeError, match="two load calls"):
        _ = fast / measure([1.0] * 8, origin=Origin(2, EFFORT))


@pytest.mark.parametrize(
    "sum_of",
    [
        lambda: fast + slow,
        lambda: fast - slow,
        lambda: fast + 1,
        lambda: 1 - fast,
        lambda: sum([fast, slow]),
        lambda: measure([0.1] * 8, "p95") + measure([0.1] * 8, "p95", "b"),
    ],
)
def test_values_have_no_sum(sum_of):
    with pytest.raises(TypeError, match=r"cannot be added or subtracted: .* have no sum.*compare.*float\("):
        sum_of()


def test_a_comparison_says_what_it_rests_on():
    assert (fast < 1.2 * slow).lines() == [
        "<a.rps = 103 [101, 106], 8 rounds> < <1.2 x b.rps = 64.2 [61.2, 67.2], 8 rounds>",
        "not so: ratio 1.61 [1.58, 1.65] after 8 rounds",
    ]
    assert (fast > 90).lines()[1].startswith("so: ratio 1.15 [1.12, 1.18] after 8 rounds")


def test_an_undecided_comparison_says_how_many_rounds_would_decide():
    swing = measure([1.02, 0.99, 1.03, 0.98, 1.04, 1.01, 1.05, 0.985])
    with pytest.raises(Inconclusive, match=r"were the ratio what it seems, about (\d+) rounds would decide"):
        bool(swing > 1)
    with pytest.raises(Inconclusive, match="it is too close for any number of rounds"):
        bool(measure([1.0] * 8) > 1)


def test_an_assert_that_fails_on_a_comparison_finds_its_words():
    def words(body):
        with pytest.raises(AssertionError) as caught:
            body()
        return failed_on(caught.value.__traceback__)

    def on_something_else():
        assert bool(fast > slow) is not None
        number = 2
        if number != 3:
            raise AssertionError

    namespace = {"fast": fast, "slow": slow, "none": measure([0.0], "errors")}
    exec("def sampled():\n    assert (fast\n      < slow)", namespace)
    exec("def counted():\n    assert none > 0", namespace)
    exec("def later():\n    bool(fast > slow)\n    assert 1 == 2", namespace)
    assert "not so: ratio 1.94" in words(namespace["sampled"])
    assert words(namespace["counted"]) == "<a.errors = 0 %, 1 round> > 0 %: not so"
    assert words(namespace["later"]) == words(on_something_else) == ""


def test_everything_is_more_than_a_negative_number():
    assert fast > -1
    assert fast > 0
    assert not fast < 0


def test_a_smoke_run_decides_nothing():
    smoke = measure([1.0] * 8, origin=Origin(1, EFFORT, smoke=True))
    with pytest.raises(Inconclusive, match="a smoke run sends one request and decides nothing"):
        bool(smoke > 0)


def test_a_doubt_about_the_agent_decides_nothing_but_counts():
    doubtful = Origin(1, EFFORT, caution="the agent was busy")
    with pytest.raises(Inconclusive, match="the agent was busy"):
        bool(measure([100.0] * 12, origin=doubtful) > 1)
    assert measure([0.0], "errors", origin=doubtful) < 0.5
    assert measure([0.0], "errors", origin=doubtful) == 0


def test_how_values_are_shown():
    assert str(fast) == "103 [101, 106]"
    assert repr(fast) == "<a.rps = 103 [101, 106], 8 rounds>"
    assert repr(1.2 * slow) == "<1.2 x b.rps = 64.2 [61.2, 67.2], 8 rounds>"
    assert str(measure([0.1] * 3, "p95")) == "100 ms"
    assert str(measure([0.0], "errors")) == "0 %"
    assert float(fast) == fast.value == pytest.approx(103.5, abs=0.1)
    assert (fast.unit, measure([0.1], "p95").unit) == ("1/s", "s")
