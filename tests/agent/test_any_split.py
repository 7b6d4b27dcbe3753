"""However the bytes of an answer are split, the same is counted: no crash, no hang, no other outcome."""

from __future__ import annotations

from itertools import pairwise
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_asyncbench.agent import user
from pytest_asyncbench.traffic.plan import Burst, Target

COUNT = 4
EVERY = -1
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

WHOLE = [
    HEAD + b"Content-Length: 2\r\n\r\nok",
    HEAD + b"Content-Length: 0\r\n\r\n",
    HEAD + b"Content-Length: 2\r\nConnection: close\r\n\r\nok",
    HEAD + b"Content-Length: 2\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\nok",
    b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
    CHUNKED + b"2\r\nok\r\n0\r\n\r\n",
    CHUNKED + b"1\r\no\r\n1;x=y\r\nk\r\n0\r\nTrailer: t\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
    b"HTTP/1.1 500 Oops\r\nContent-Length: 3\r\n\r\nbad",
]
INTERIM = [b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 2]
AFTER = [b"", b"GARBAGE", b"\r\n", b"HTTP/1.1 2", b"H", b"\x00\xff"]
TO_THE_END = [
    HEAD + b"\r\nok",
    HEAD + b"Connection: close\r\n\r\n",
    b"HTTP/1.0 200 OK\r\n\r\nok",
    HEAD + b"Transfer-Encoding: gzip\r\n\r\nok",
]
CUT_OFF = [HEAD + b"Content-Length: 10\r\n\r\nok", HEAD + b"Content-", CHUNKED + b"2\r\nok\r\n", b"H", b""]
BROKEN = [
    b"SSH-2.0-OpenSSH_9.6\r\n",
    b"\x16\x03\x01\x02",
    CHUNKED + b"xyz\r\n",
    HEAD + b"Content-Length: two\r\n\r\nok",
    HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
]


def cut(data: bytes, where: list[int]) -> list[bytes]:
    """`data` in pieces, cut at the places given, or everywhere."""
    where = list(range(len(data))) if EVERY in where else where
    edges = [0, *sorted({place % len(data) for place in where} - {0}), len(data)] if data else [0, 0]
    return [data[start:end] for start, end in pairwise(edges)]


@pytest.fixture(scope="session")
def outcomes(memory_run, reply, wire):
    """What is counted when every request is answered with the same pieces."""

    def run(pieces, end=False, error=None, method="GET", expect=frozenset({200, 204, 304})):
        request = wire("/", method, expect)
        plan = Burst(Target("memory", 1), (request,), 1, COUNT, timeout=1.0)
        with patch.object(user, "FIRST_PAUSE", 0.0):
            result = memory_run(plan, lambda data, now: reply(pieces, end=end, error=error))
        assert sum(result.counts["measure"].values()) == COUNT
        return result.counts["measure"], result.ok_total, result.answers, result.bytes_read

    return run


places = st.lists(st.integers(min_value=1, max_value=400), max_size=12)
many_places = st.one_of(places, st.just([EVERY]))


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(INTERIM), st.sampled_from(WHOLE), st.sampled_from(AFTER), many_places)
def test_whole_answers_and_what_follows(outcomes, interim, answer, after, where):
    data = interim + answer + after
    assert outcomes(cut(data, where))[0] == outcomes([data])[0]
    if not after.strip():
        assert outcomes(cut(data, where))[0] == {"bad_status" if b" 500 " in answer else "ok": COUNT}


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(INTERIM), st.sampled_from(TO_THE_END), many_places)
def test_answers_that_end_with_the_stream(outcomes, interim, answer, where):
    whole = outcomes(cut(interim + answer, where), end=True)
    assert whole[:3] == ({"ok": COUNT}, COUNT, COUNT)
    reset = outcomes(cut(interim + answer, where), error=ConnectionResetError())
    assert reset[0] == {"reset": COUNT}


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(INTERIM), st.sampled_from(CUT_OFF), st.booleans(), many_places)
def test_answers_that_are_cut_off(outcomes, interim, answer, reset, where):
    end = {"error": ConnectionResetError()} if reset else {"end": True}
    assert outcomes(cut(interim + answer, where), **end)[0] == {"reset": COUNT}


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(INTERIM), st.sampled_from(BROKEN), st.booleans(), many_places)
def test_bytes_that_are_no_answer(outcomes, interim, answer, end, where):
    assert outcomes(cut(interim + answer, where), end=end)[0] == {"protocol": COUNT}


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(INTERIM), st.sampled_from(WHOLE), st.sampled_from(AFTER), many_places)
def test_head(outcomes, interim, answer, after, where):
    head = interim + answer[: answer.index(b"\r\n\r\n") + 4] + after
    once = outcomes([head], method="HEAD")
    assert outcomes(cut(head, where), method="HEAD")[0] == once[0]
    if not after:
        assert once[0] == {"bad_status" if b" 500 " in answer else "ok": COUNT}


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=60), st.booleans(), st.sampled_from(["GET", "HEAD"]), many_places)
def test_any_bytes_at_all(outcomes, data, end, method, where):
    once = outcomes([data], end=end, method=method)[0]
    assert outcomes(cut(data, where), end=end, method=method)[0] == once
    assert not once.get("ok")


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(WHOLE), st.integers(0, 200), st.integers(0, 255), many_places)
def test_one_wrong_byte_neither_crashes_nor_hangs(outcomes, answer, place, byte, where):
    place %= len(answer)
    data = answer[:place] + bytes([byte]) + answer[place + 1 :]
    assert outcomes(cut(data, where))[0] == outcomes([data])[0]


def test_a_second_whole_answer_is_taken_for_none(outcomes):
    """When it comes with the first. Later, it cannot be told from the answer to the next request."""
    data = WHOLE[0]
    assert outcomes([data + data])[0] == {"ok": COUNT / 2, "protocol": COUNT / 2}
    assert outcomes([data, data])[0]["ok"] >= COUNT / 2
