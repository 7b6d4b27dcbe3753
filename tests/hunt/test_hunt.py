"""What a hunt finds on a server whose latencies are known, under noise that is not kind."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import strategies as st

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.hunt.confirming import confirm
from pytest_asyncbench.traffic.requests import request

QUICK = 0.002
NOISE = {"noise": 0.2, "stalls": 0.03}

seeds = pytest.mark.parametrize("seed", range(2))
"""Of the machine's moods and of the search alike."""

PAGES = {"q": st.text(max_size=10), "page": st.integers(1, 100), "page_size": st.integers(1, 10_000)}


def depth(value: object) -> int:
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def by_size(asked):
    return QUICK + 1e-5 * asked.params["page_size"]


@seeds
def test_a_number_that_grows_the_work_is_kept_and_everything_else_is_shrunk(server_of, hunt_on, seed):
    found = hunt_on(server_of(by_size, seed=seed), params=PAGES).run()
    assert found.slowest.params["page_size"] >= 8000
    assert (found.slowest.params["q"], found.slowest.params["page"]) == ("", 1)


@seeds
def test_it_is_found_under_noise_and_stalls(server_of, hunt_on, seed):
    found = hunt_on(server_of(by_size, seed=seed, **NOISE), params=PAGES, examples=200).run()
    assert found.slowest.params["page_size"] > 2500


@seeds
def test_a_character_of_a_term(server_of, hunt_on, seed):
    def takes(asked):
        return 0.1 if "%" in asked.params["q"] else QUICK

    words = {"params": {"q": st.text("abcdefghij %_*", max_size=20), "page": st.integers(1, 100)}}
    found = hunt_on(server_of(takes, seed=seed), **words).run()
    assert found.slowest.params == {"q": "%", "page": 1}
    found = hunt_on(server_of(takes, seed=seed, **NOISE), **words).run()
    assert "%" in found.slowest.params["q"]


@seeds
def test_a_body_whose_structure_matters(server_of, hunt_on, seed):
    def takes(asked):
        deep = asked.json["mode"] == "deep" and depth(asked.json["filter"]) > 1
        return 0.05 if deep else QUICK

    nested = st.recursive(st.integers(0, 3), lambda inner: st.lists(inner, max_size=3), max_leaves=10)
    body = {"mode": st.sampled_from(["flat", "deep", "other"]), "filter": nested}
    found = hunt_on(server_of(takes, seed=seed), json=body, examples=300).run()
    assert found.slowest.json["mode"] == "deep"
    assert depth(found.slowest.json["filter"]) == 2
    assert found.slowest.method == "POST"


def test_a_threshold_is_shrunk_to_where_it_is(server_of, hunt_on):
    server = server_of(lambda asked: 0.05 if asked.params["n"] >= 7777 else QUICK)
    assert hunt_on(server, params={"n": st.integers(0, 10_000)}).run().slowest.params == {"n": 7777}


def test_a_path_and_a_whole_request(server_of, hunt_on):
    def takes(asked):
        return 0.05 if (asked.method, asked.url) == ("PUT", "/items/7") else QUICK

    paths = st.builds("/items/{}".format, st.integers(1, 9))
    found = hunt_on(server_of(takes), paths, method=st.sampled_from(["GET", "PUT"])).run()
    assert repr(found.slowest) == "request(\"PUT\", '/items/7')"
    whole = st.builds(request, st.sampled_from(["GET", "PUT"]), paths)
    assert repr(hunt_on(server_of(takes), whole).run().slowest) == "request(\"PUT\", '/items/7')"


@seeds
def test_where_all_are_alike_nothing_stands_out(server_of, hunt_on, seed):
    """With 20 % noise, and stalls a hundred times as long as an answer."""
    server = server_of(lambda asked: QUICK, seed=seed, **NOISE)
    found = hunt_on(server, params={"q": st.text(max_size=10), "page": st.integers(1, 100)}).run()
    sights = confirm(server, found, seed, server.now() + 60, 30, lambda sights: len(sights) >= 12)
    ratios = sorted(sight.slowest.latency / sight.typical.latency for sight in sights)
    assert ratios[3] < 1.5, "what is called slow is slower in nearly all rounds"


def test_a_stalled_request_is_not_called_slow(server_of, hunt_on):
    """Every request is hit once, and only once, when it is sent for the first time."""
    seen = set()

    def takes(asked):
        first = repr(asked) not in seen
        seen.add(repr(asked))
        return 5.0 if first and asked.params["n"] == 77 else 0.02 if asked.params["n"] > 900 else QUICK

    found = hunt_on(server_of(takes), params={"n": st.integers(0, 1000)}).run()
    assert found.slowest.params["n"] > 900


def test_a_request_without_an_answer_is_the_slowest_and_does_not_make_the_next_ones_look_slow(
    server_of, hunt_on
):
    server = server_of(lambda asked: 1e9 if asked.params["n"] >= 900 else QUICK, patience=0.5, busy=3)
    found = hunt_on(server, params={"n": st.integers(0, 1000)}).run()
    assert found.slowest.params == {"n": 900}
    assert found.typical.params["n"] < 900


def test_an_answer_that_is_not_ok_is_told_and_is_not_slow(server_of, hunt_on):
    def takes(asked):
        return "bad_status" if asked.params["n"] > 50 else QUICK * (1 + asked.params["n"])

    found = hunt_on(server_of(takes), params={"n": st.integers(0, 100)}).run()
    assert 40 < found.slowest.params["n"] <= 50
    assert len(found.broken) > 5
    assert found.broken[0].why == "it was bad_status"
    assert all(each.request.params["n"] > 50 for each in found.broken)


def test_a_server_that_answers_nothing_ok_has_no_slow_request(server_of, hunt_on):
    found = hunt_on(server_of(lambda asked: "bad_status"), params={"n": st.integers(0, 5)}).run()
    assert len(found.broken) == 6


def test_time_and_requests_are_bounds(server_of, hunt_on):
    slow = server_of(lambda asked: 0.5)
    hunt_on(slow, params={"n": st.integers(0, 1000)}, time=20.0).run()
    assert slow.now() < 100.0 + 0.7 * 20 + 3, "the rest is for the last look"
    server = server_of(lambda asked: QUICK)
    assert hunt_on(server, params={"n": st.integers(0, 1000)}, most=100).run().requests <= 75
    assert len(server.log) <= 75


def test_the_same_seed_draws_the_same_and_what_was_found_comes_first_the_next_time(server_of, hunt_on):
    def takes(asked):
        return 0.1 if asked.params["q"] == "needle" else QUICK

    words = {"params": {"q": st.sampled_from([f"hay{n}" for n in range(300)] + ["needle"])}}
    once, again = server_of(lambda asked: QUICK), server_of(lambda asked: QUICK)
    for server in (once, again):
        hunt_on(server, seed=5, **words).run()
    assert list(map(repr, once.log)) == list(map(repr, again.log))
    first = hunt_on(server_of(takes), seed=1, **words, examples=300).run()
    assert first.slowest.params == {"q": "needle"}
    assert first.corpus
    server = server_of(takes)
    next_time = hunt_on(server, seed=2, corpus=first.corpus, examples=3, **words).run()
    assert next_time.slowest.params == {"q": "needle"}


def test_what_cannot_be_sent_is_left_out_and_told(server_of, hunt_on):
    paths = st.sampled_from(["/a", "/b", "no path"])
    found = hunt_on(server_of(lambda asked: QUICK), paths).run()
    assert found.examples == 2
    assert "no requests that can be sent, first: request('GET', 'no path')" in found.notes[0]
    with pytest.raises(SpecError, match=r"not one request was sent: request.'GET', 'no path'.: write a path"):
        hunt_on(server_of(lambda asked: QUICK), st.just("no path")).run()
    with pytest.raises(SpecError, match="gives no example"):
        hunt_on(server_of(lambda asked: QUICK), st.just("/").filter(lambda _: False)).run()


def test_what_a_strategy_raises_is_raised(server_of, hunt_on):
    def broken(_):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        hunt_on(server_of(lambda asked: QUICK), st.just("/").map(broken)).run()


def test_a_strategy_that_draws_something_else_each_time_is_not_shrunk(server_of, hunt_on):
    random = Random(1)
    paths = st.integers(0, 9).map(lambda n: f"/{n}/{random.random()}")
    found = hunt_on(server_of(lambda asked: QUICK), paths).run()
    assert found.slowest is found.found_as
