"""Rules about answers."""

from __future__ import annotations

import json
import pickle
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.agent.expecting import decoded, looker, read_answer
from pytest_asyncbench.agent.ledger import BAD_BODY, BAD_STATUS, OK
from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.traffic.expect import Expecting, difference, expect_json, shipped
from pytest_asyncbench.traffic.load_plan import load_plan
from pytest_asyncbench.traffic.plan import WireRequest

ASKED = WireRequest("GET /", "GET", b"GET /a?b=1 HTTP/1.1\r\n\r\n", frozenset({200}))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


def answer(body, status=200, headers=b""):
    return b"HTTP/1.1 %d X\r\n%sContent-Length: %d\r\n\r\n%s" % (status, headers, len(body), body)


@given(JSON, st.dictionaries(st.text(max_size=2), JSON, max_size=2))
def test_everything_holds_itself_and_objects_may_hold_more(value, more):
    assert difference(value, json.loads(json.dumps(value))) == ""
    if isinstance(value, dict):
        assert difference(value, {**more, **value}) == ""


@given(JSON, JSON)
def test_scalars_and_lists_must_be_equal(a, b):
    if not isinstance(a, dict | list) and difference(a, b) == "":
        assert json.dumps(a) == json.dumps(b)
    if isinstance(a, list) and difference(a, b) == "":
        assert len(a) == len(b)


@pytest.mark.parametrize(
    ("wanted", "found", "why"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 2}}, "$.a.b is 2, not 1"),
        ({"a": 1}, {}, "$ has no 'a'"),
        ({"a": 1}, [], r"$ is [], not an object"),
        ({"a": [1, {"b": 2}]}, {"a": [1, {}]}, "$.a[1] has no 'b'"),
        ([1], [1, 2], "$ is [1, 2], not a list of 1"),
        (1, True, "$ is True, not 1"),
        (True, 1, "$ is 1, not True"),
    ],
)
def test_the_first_difference_is_named(wanted, found, why):
    assert difference(wanted, found) == why


def test_json_answers():
    look = looker(Expecting(expect_json({"ok": True})))
    assert look(200, answer(b'{"ok": true, "n": 1}'), ASKED) == (OK, "")
    assert look(200, answer(b'{"ok": false}'), ASKED) == (
        BAD_BODY,
        '200: $.ok is False, not True in {"ok": false}',
    )
    assert look(200, answer(b"<html>"), ASKED)[1].startswith("200: no JSON (")
    assert look(500, answer(b'{"ok": true}', 500), ASKED) == (BAD_STATUS, '500 X: {"ok": true}')
    assert looker(Expecting(expect_json({}, status=404)))(404, answer(b"{}", 404), ASKED) == (OK, "")
    with pytest.raises(SpecError, match=r"status=99\): write a status"):
        expect_json({}, status=99)


def gzipped(data):
    maker = zlib.compressobj(wbits=31)
    return maker.compress(data) + maker.flush()


@pytest.mark.parametrize(
    ("coding", "encode"),
    [(b"gzip", gzipped), (b"deflate", zlib.compress), (b"deflate", lambda data: zlib.compress(data)[2:-4])],
)
def test_codings_are_undone(coding, encode):
    data = answer(encode(b'{"a": 1}'), headers=b"Content-Encoding: %s\r\n" % coding)
    assert looker(Expecting(expect_json({"a": 1})))(200, data, ASKED) == (OK, "")
    function = shipped(lambda response: response.json() == {"a": 1}, "expect")
    assert looker(Expecting(function))(200, data, ASKED) == (OK, "")


@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"br"])
def test_broken_codings_are_bad_bodies(coding):
    data = answer(b"nonsense", headers=b"Content-Encoding: %s\r\n" % coding)
    assert looker(Expecting(expect_json({})))(200, data, ASKED)[0] == BAD_BODY
    function = shipped(lambda response: response.text, "expect")
    if coding != b"br":  # httpx leaves what it does not know as it is
        assert looker(Expecting(function))(200, data, ASKED)[0] == BAD_BODY
    with pytest.raises(ValueError, match=r"coding|broken"):
        decoded(b"nonsense", coding)


def test_interim_answers_and_what_follows_are_not_the_answer():
    data = (
        b"HTTP/1.1 103 Early\r\nLink: a\r\n\r\n"
        + answer(b"one", headers=b"X-A: Big\r\n")
        + answer(b"two", 500)
    )
    found = read_answer(data)
    assert (found.status, b"".join(found.body), found.complete) == (200, b"one", True)
    assert (b"X-A", b"Big") in found.headers
    assert not [name for name, _ in found.headers if name == b"Link"]


def test_a_function_decides_alone():
    wanted = "absent"
    rule = pickle.loads(pickle.dumps(shipped(lambda r: r.status_code == 404 and r.text == wanted, "expect")))
    look = looker(Expecting(rule))
    assert look(404, answer(b"absent", 404), ASKED) == (OK, "")
    outcome, why = look(200, answer(b"present"), ASKED)
    assert outcome == BAD_BODY
    assert why.endswith("returned False; 200: present")
    outcome, why = look(500, answer(b"oops", 500), ASKED)
    assert outcome == BAD_STATUS


def test_a_function_that_raises_refuses():
    look = looker(Expecting(shipped(lambda r: r.json()["a"], "expect")))
    outcome, why = look(200, answer(b"{}"), ASKED)
    assert outcome == BAD_BODY
    assert "raised KeyError: 'a'; 200: {}" in why


def test_a_function_sees_what_was_asked():
    look = looker(Expecting(shipped(lambda r: str(r.request.url) == "http://server/a?b=1", "expect")))
    assert look(200, answer(b""), ASKED) == (OK, "")


def test_a_sample_looks_at_every_nth_and_at_every_error():
    look = looker(Expecting(shipped(lambda r: False, "expect"), 3))
    assert [look(200, answer(b""), ASKED)[0] for _ in range(6)] == [BAD_BODY, OK, OK] * 2
    assert [look(500, answer(b"", 500), ASKED)[0] for _ in range(3)] == [BAD_STATUS] * 3


def test_a_function_that_cannot_travel_is_refused():
    import threading

    lock = threading.Lock()
    with pytest.raises(SpecError, match=r"expect=.*lambda.*cannot be sent to the load agent"):
        shipped(lambda r: lock, "expect")


def plan(**words):
    return load_plan("load.get('/')", (), words, {})


def test_words_of_a_plan():
    assert plan().expecting is None
    assert plan(expect=expect_json({"a": 1}), expect_every=10).expecting.every == 10
    assert plan(expect=expect_json({}, status={201})).expect == {201}
    assert plan(expect=lambda r: True).expecting.rule.name.endswith("<lambda>")
    for words, why in [
        ({"expect_every": 5}, "expect_every is how often a body is looked at"),
        ({"expect": expect_json({}), "expect_every": 0}, "expect_every=0: write a whole number"),
        ({"verify": 5}, "verify=5: write False, or the path"),
        ({"verify": "/nowhere.pem"}, "no certificates can be read"),
    ]:
        with pytest.raises(SpecError, match=why):
            plan(**words)
