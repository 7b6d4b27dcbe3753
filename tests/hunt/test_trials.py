"""How often a request is sent until it is known well enough."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.hunt.trials import BUCKET, FAILED, REPEATS, Enough, Trials, Unsendable, bucket
from pytest_asyncbench.traffic.requests import request

LATENCIES = st.floats(1e-5, 100.0)


@given(LATENCIES, LATENCIES)
def test_a_step_is_ten_percent(a, b):
    if a <= b:
        assert bucket(a) <= bucket(b)
    if b > a * BUCKET * 1.001:
        assert bucket(b) > bucket(a) > FAILED


def test_only_what_may_be_the_slowest_is_sent_again(server_of):
    seconds = {"/slow": 0.1, "/quick": 0.01}
    trials = Trials(server_of(lambda asked: seconds[asked.url]))
    slow, quick = (trials.of(request("GET", url)) for url in seconds)
    assert trials.score(slow) > trials.score(quick)
    assert (len(slow.times), len(quick.times)) == (REPEATS, 1)
    assert trials.score(slow) == bucket(0.1)
    assert trials.requests == REPEATS + 1, "what is known is not sent again"


def test_what_fails_twice_fails_and_what_fails_once_does_not(server_of):
    answers = iter(["reset", 0.1, 0.1, 0.1, 0.1, "reset", "reset"])
    trials = Trials(server_of(lambda asked: next(answers)))
    once, twice = (trials.of(request("GET", url)) for url in ("/once", "/twice"))
    assert trials.score(once) == bucket(0.1)
    assert not once.fails
    trials.take(once)
    assert trials.score(twice) == FAILED
    assert twice.fails
    assert twice.latency == 0


def test_requests_of_the_same_bytes_are_one(server_of):
    trials = Trials(server_of(lambda asked: 0.1))
    asked = [request("GET", "/", params={"a": 1}), request("GET", "/?a=1"), request("POST", "/?a=1")]
    assert len({trials.of(each).key for each in asked}) == 2
    with pytest.raises(Unsendable, match="control character"):
        trials.of(request("GET", "/\n"))


def test_a_phase_ends_by_time_or_by_requests(server_of):
    server = server_of(lambda asked: 1.0)
    trials = Trials(server)
    trial = trials.of(request("GET", "/"))
    trials.begin(server.now() + 2.5, 100)
    trials.take(trial, 2)
    trials.take(trial)
    with pytest.raises(Enough):
        trials.take(trial)
    trials.begin(server.now() + 100, 4)
    trials.take(trial)
    with pytest.raises(Enough):
        trials.take(trial)
    assert trials.fresh([trial], 5) == [1.0], "without new samples, the old ones"


def test_after_a_request_without_an_answer_the_server_is_given_time(server_of):
    server = server_of(lambda asked: 1e9 if asked.url == "/hangs" else 0.01, patience=0.5, busy=4)
    trials = Trials(server)
    quick, hangs, other = (trials.of(request("GET", url)) for url in ("/quick", "/hangs", "/other"))
    trials.take(quick)
    trials.take(hangs)
    assert hangs.unanswered == 1
    assert hangs.latency == 0.5
    assert trials.take(other) == pytest.approx([0.01])


def test_what_seems_the_slowest_is_sent_for_longer_than_a_stall_lasts(server_of):
    trials = Trials(server_of(lambda asked: {"/first": 0.01, "/second": 0.02, "/third": 0.019}[asked.url]))
    first, second, third = (trials.of(request("GET", url)) for url in ("/first", "/second", "/third"))
    for trial in (first, second, third):
        trials.score(trial)
    assert (len(first.times), len(second.times), len(third.times)) == (15, 8, REPEATS)
