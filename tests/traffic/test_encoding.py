"""What is sent is what httpx would send for the same words."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.traffic.encoding import from_request, from_words
from pytest_asyncbench.traffic.requests import METHODS

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
TOKEN = st.text("abcXYZ-019", min_size=1, max_size=6)
PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=8).map(str.strip)
VALUE = st.one_of(
    TEXT, st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False, allow_infinity=False)
)
WORDS = st.fixed_dictionaries(
    {},
    optional={
        "params": st.dictionaries(TEXT, st.one_of(VALUE, st.lists(VALUE, max_size=3)), max_size=3),
        "headers": st.dictionaries(TOKEN.map("x-{}".format), PRINTABLE, max_size=3),
        "cookies": st.dictionaries(TOKEN, TOKEN, max_size=1),
    },
)
BODIES = st.one_of(
    st.fixed_dictionaries({"content": st.one_of(st.binary(max_size=20), TEXT)}),
    st.fixed_dictionaries(
        {"data": st.dictionaries(TEXT, st.one_of(VALUE, st.lists(VALUE, max_size=3)), max_size=3)}
    ),
    st.fixed_dictionaries(
        {"json": st.recursive(VALUE, lambda inner: st.lists(inner, max_size=3), max_leaves=5)}
    ),
    st.just({}),
)


def lower(headers) -> dict[bytes, bytes]:
    return {name.lower(): value for name, value in headers}


@given(st.sampled_from(METHODS), TEXT, WORDS, BODIES)
def test_words_are_encoded_as_httpx_does(method, path, words, body):
    url = f"/a/{path.replace('#', '')}"
    theirs = httpx.Request(method, f"http://host{url}", **words, **body)
    ours = from_words(method, url, **words, **body)
    assert ours.target == theirs.url.raw_path
    assert ours.body == theirs.read()
    wanted = {name: value for name, value in lower(theirs.headers.raw).items() if name != b"host"}
    assert lower(ours.headers) == wanted


@given(WORDS, BODIES)
def test_a_request_that_is_built_is_sent_as_it_is(words, body):
    built = httpx.Request("POST", "http://host/path", **words, **body)
    ours = from_request(built)
    assert (ours.target, ours.body) == (built.url.raw_path, built.read())
    assert lower(ours.headers) == {k: v for k, v in lower(built.headers.raw).items() if k != b"host"}


def test_files_are_encoded_by_httpx():
    ours = from_words("POST", "/upload", files={"f": ("a.txt", b"hello")}, data={"a": "1"})
    assert b'filename="a.txt"' in ours.body
    assert lower(ours.headers)[b"content-type"].startswith(b"multipart/form-data; boundary=")
    assert lower(ours.headers)[b"content-length"] == str(len(ours.body)).encode()


def test_repeated_headers_are_kept():
    ours = from_words("GET", "/", headers=[("X-A", "1"), ("x-a", "2")])
    assert ours.headers == ((b"X-A", b"1"), (b"x-a", b"2"))


@pytest.mark.parametrize("words", [{"content": 5}, {"headers": 5}, {"params": 5}, {"json": object()}])
def test_what_cannot_be_sent_is_refused(words):
    with pytest.raises((TypeError, ValueError)):
        from_words("POST", "/", **words)
