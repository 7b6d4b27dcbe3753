"""Looks at what the variants answer: a few requests one after another, the whole answers kept in a summary."""

from __future__ import annotations

import json
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice

import httptools

from pytest_asyncbench.agent.expecting import Answer
from pytest_asyncbench.agent.expecting import looker as looker_of
from pytest_asyncbench.agent.ledger import OK
from pytest_asyncbench.measure.answers import Answers, paths
from pytest_asyncbench.traffic.expect import Expecting
from pytest_asyncbench.traffic.plan import Target, WireFlow, WireRequest
from pytest_asyncbench.traffic.tls import context

LOOKS = 50
LONGEST = 2.0
"""Seconds; a slow server is looked at less often."""
FEWEST = 3
PIECE = 1 << 16


def look(
    target: Target,
    requests: Sequence[WireRequest],
    expecting: Expecting | None,
    timeout: float,
    stop: Callable[[], bool] = lambda: False,
) -> Answers:
    """Send requests one after another and summarise the answers; what is not answered is left out.

    `stop` is asked after each whether that was the last.
    """
    if not requests or isinstance(requests[0], WireFlow):
        return Answers()
    looker = looker_of(expecting)
    number, ok = 0, 0
    statuses: Counter[int] = Counter()
    types: Counter[str] = Counter()
    shapes: Counter[str] = Counter()
    lengths: list[int] = []
    until = time.monotonic() + LONGEST
    for request, raw, answer in _conversation(target, requests, timeout):
        number += 1
        outcome = OK if answer.status in request.expect else None
        if looker is not None:
            outcome, _ = looker(answer.status, raw, request)
        ok += outcome == OK
        body = _content(answer)
        statuses[answer.status] += 1
        types[_content_type(answer)] += 1
        lengths.append(len(body))
        shapes.update(_paths_of(body))
        if stop() or (number >= FEWEST and time.monotonic() > until):
            break
    return Answers(number, ok, statuses, types, tuple(lengths), shapes)


def _conversation(
    target: Target, requests: Sequence[WireRequest], timeout: float
) -> Iterator[tuple[WireRequest, bytes, Answer]]:
    connection: socket.socket | None = None
    try:
        for request in islice(cycle(requests), LOOKS):
            raw = b""
            for fresh in (False, True):
                try:
                    if connection is None or fresh:
                        connection = _connect(target, timeout)
                    connection.sendall(request.data)
                    raw, answer, usable = _read(connection, request)
                except OSError:
                    raw = b""
                if raw:
                    break
            if not raw:
                return
            yield request, raw, answer
            if not usable:
                connection.close()  # type: ignore[union-attr]
                connection = None
    finally:
        if connection is not None:
            connection.close()


def _connect(target: Target, timeout: float) -> socket.socket:
    if target.path:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(timeout)
        connection.connect(target.path)
    else:
        connection = socket.create_connection((target.host, target.port), timeout)
    tls = context(target)
    return (
        tls.wrap_socket(connection, server_hostname=target.server_name or target.host) if tls else connection
    )


def _read(connection: socket.socket, request: WireRequest) -> tuple[bytes, Answer, bool]:
    """The bytes of an answer, the answer, and whether the connection can be used again."""
    answer, raw = Answer(), b""
    while not answer.complete:
        piece = connection.recv(PIECE)
        if not piece:
            return raw, answer, False
        raw += piece
        try:
            answer.parser.feed_data(piece)
        except httptools.HttpParserError:
            return raw, answer, False
        if request.method == "HEAD" and b"\r\n\r\n" in raw:
            return raw, answer, False
    return (
        raw,
        answer,
        bool(answer.parser.should_keep_alive()) and b"connection: close" not in request.data.lower(),
    )


def _content(answer: Answer) -> bytes:
    try:
        return answer.content()
    except ValueError:
        return b"".join(answer.body)


def _content_type(answer: Answer) -> str:
    found = [value for name, value in answer.headers if name.lower() == b"content-type"]
    return found[0].decode("latin-1").partition(";")[0].strip().lower() if found else "none"


def _paths_of(body: bytes) -> set[str]:
    try:
        return set(paths(json.loads(body)))
    except ValueError:
        return set()
