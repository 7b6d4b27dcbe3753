"""The coin that orders the slots of a round: fair, fresh every round, the same for the same seed."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.measure.schedule import draw_seed, order

SEEDS = st.integers(0, 10**6)
VARIANTS = st.lists(st.text(min_size=1), min_size=1, max_size=6, unique=True)


@given(SEEDS, st.integers(0, 100), VARIANTS)
def test_a_round_has_every_variant_once_in_an_order_given_by_the_seed(seed, number, variants):
    drawn = order(seed, number, variants)
    assert sorted(drawn) == sorted(variants)
    assert drawn == order(seed, number, tuple(variants))


def test_the_coin_is_fair():
    first = Counter(order(7, number, "ab")[0] for number in range(10_000))
    assert abs(first["a"] - 5000) < 4 * 50, "within four standard deviations"


def test_all_orders_of_three_are_equally_likely():
    drawn = Counter(order(7, number, "abc") for number in range(6_000))
    assert len(drawn) == 6
    assert all(abs(count - 1000) < 4 * 29 for count in drawn.values())


def test_rounds_do_not_depend_on_each_other():
    """Neither repetition nor alternation is more frequent: a fixed pattern would let noise of its period decide."""
    drawn = [order(7, number, "ab") for number in range(10_001)]
    changes = sum(drawn[i] != drawn[i + 1] for i in range(10_000))
    assert abs(changes - 5000) < 4 * 50


def test_seeds_give_different_orders():
    assert len({tuple(order(seed, number, "ab") for number in range(64)) for seed in range(100)}) == 100


def test_a_drawn_seed_is_short():
    assert all(0 <= draw_seed() < 1_000_000 for _ in range(100))
