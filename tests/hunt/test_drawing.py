"""Strategies of any shape become requests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.hunt.drawing import Drawing
from pytest_asyncbench.traffic.requests import request

NUMBERS = st.integers(0, 5)


@given(st.data())
def test_strategies_may_be_anywhere(data):
    words = {
        "params": {"a": NUMBERS, "b": [1, NUMBERS]},
        "headers": st.just({"X-Number": "1"}),
        "cookies": (("c", st.sampled_from("xy")),),
    }
    drawing = Drawing("call", st.sampled_from(["/a", "/b"]), st.sampled_from(["GET", "HEAD"]), words)
    made = drawing.request(data.draw(drawing.strategy()))
    assert made.url in ("/a", "/b")
    assert made.method in ("GET", "HEAD")
    assert made.params["a"] in range(6)
    assert made.params["b"][0] == 1
    assert made.cookies[0][0] == "c"


@given(st.data())
def test_a_body_is_posted_and_a_request_is_what_it_is(data):
    drawing = Drawing("call", "/", None, {"json": st.lists(NUMBERS, min_size=1)})
    assert drawing.request(data.draw(drawing.strategy())).method == "POST"
    whole = Drawing("call", st.builds(request, st.just("PUT"), st.just("/x"), json=NUMBERS), None, {})
    assert data.draw(whole.strategy().map(whole.request)).method == "PUT"


def test_what_cannot_be_meant():
    with pytest.raises(SpecError, match="nothing to search"):
        Drawing("call", "/", "GET", {"params": {"a": 1}})
    with pytest.raises(SpecError, match="params is a function of the request's number; write a strategy"):
        Drawing("call", st.just("/"), None, {"params": lambda number: {}})
    whole = Drawing("call", st.just(request("GET", "/")), None, {"json": 1})
    with pytest.raises(SpecError, match=r"json belong into request\(\.\.\.\)"):
        whole.request((request("GET", "/"), None, {"json": 1}))
    with pytest.raises(SpecError, match="this is no request"):
        whole.request((3, None, {}))
