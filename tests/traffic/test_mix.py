"""Proportions of a mix, and the order in which its requests are dealt."""

from __future__ import annotations

from array import array
from collections import Counter
from fractions import Fraction
from itertools import islice

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.traffic.mix import deck_counts, mix
from pytest_asyncbench.traffic.plan import WireRequest
from pytest_asyncbench.traffic.requests import request
from pytest_asyncbench.traffic.sending import Stock, decks, kinds, names
from pytest_asyncbench.traffic.sent import sent

COUNTS = st.lists(st.integers(1, 50), min_size=1, max_size=6)


def test_every_key_that_httpx_can_be():
    shaped = httpx.Request("GET", "http://elsewhere/a?b=1")
    mixed = mix({shaped: 9, request("POST", "/b", json={}, name="b"): 1})
    assert mixed.weights == (9, 1)
    assert [item.label for item in mixed.requests] == ["GET /a?b=1", "b"]


@given(COUNTS, st.integers(1, 20))
def test_proportions_are_exact_and_smallest(counts, factor):
    found = deck_counts([count * factor for count in counts])
    assert [Fraction(a, found[0]) for a in found] == [Fraction(a, counts[0]) for a in counts]
    assert sum(found) <= sum(counts)


@pytest.mark.parametrize(
    ("weights", "counts"),
    [([0.7, 0.3], (7, 3)), ([1 / 3, 2 / 3], (1, 2)), ([0.05, 1], (1, 20)), ([5], (1,)), ([2.5, 1], (5, 2))],
)
def test_fractions_come_out_whole(weights, counts):
    assert deck_counts(weights) == counts


@pytest.mark.parametrize(
    ("weights", "why"),
    [
        ([0], "the weight 0 is no positive number"),
        ([-1], "is no positive number"),
        ([True], "is no positive number"),
        (["9"], "the weight '9' is no positive number"),
        ([float("inf")], "is no positive number"),
        ([float("nan")], "is no positive number"),
        ([1e-9, 1], "is too fine"),
        ([9999, 10000, 7], "comes out after 20006 requests only"),
    ],
)
def test_weights_that_cannot_be_meant(weights, why):
    with pytest.raises(SpecError, match=why):
        deck_counts(weights)


@pytest.mark.parametrize("given_mix", [{}, 5, None, {"GET /": 1}])
def test_what_is_no_mix(given_mix):
    with pytest.raises(SpecError, match="write"):
        mix(given_mix)


@given(COUNTS, st.integers(0, 99), st.integers(1, 4))
def test_every_deck_is_exact(counts, seed, number):
    dealt = list(islice(decks(counts, seed), number * sum(counts)))
    for start in range(0, len(dealt), sum(counts)):
        assert Counter(dealt[start : start + sum(counts)]) == dict(enumerate(counts))
    assert dealt == list(islice(decks(counts, seed), len(dealt)))


def test_seeds_and_decks_differ():
    first, second = islice(decks([20, 20], 1), 80), islice(decks([20, 20], 2), 80)
    first, second = list(first), list(second)
    assert first != second
    assert first[:40] != first[40:]


def test_requests_made_ahead_are_counted_by_kind():
    wire = [WireRequest(name, "GET", b"", frozenset({200})) for name in "ab"]
    stock = Stock(tuple(wire), array("I", [0, 1, 0]), [b"x", b"y", b"z"])
    assert [(item.name, item.data) for item in stock] == [("a", b"x"), ("b", b"y"), ("a", b"z")]
    assert (len(stock), names(stock), names(tuple(wire))) == (3, ("a", "b"), ("a", "b"))
    assert list(kinds(stock, array("I", [2, 1]))) == [0, 1]
    assert [item.data for item in stock[1:]] == [b"y", b"z"]


def test_what_can_be_sent():
    one, two = request("GET", "/a"), httpx.Request("GET", "http://x/b")
    assert [item.label for item in sent([one, two], {}, "call").requests] == ["GET /a", "GET /b"]
    stream = iter([one])
    assert sent(stream, {}, "call").stream is stream
    for wrong, why in [
        ([], "holds no request"),
        ({one: 1}, r"write mix\("),
        (["/a"], "'/a': this is no request"),
        ("/a", "is no request"),
    ]:
        with pytest.raises(SpecError, match=why):
            sent(wrong, {}, "call")
    with pytest.raises(SpecError, match=r"json belong into request\("):
        sent(one, {"json": {}}, "call")
