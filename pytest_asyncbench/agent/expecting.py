"""Looks at the bodies of answers, where a plan asks for it. Only what is looked at is put together and decoded."""

from __future__ import annotations

import contextlib
import json
import pickle
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httptools

from pytest_asyncbench.agent.answers import TEXT_BYTES, describe, is_interim
from pytest_asyncbench.agent.ledger import BAD_BODY, BAD_STATUS, OK
from pytest_asyncbench.traffic.expect import OK_STATUSES, ExpectFunction, Expecting, ExpectJson, difference
from pytest_asyncbench.traffic.plan import WireRequest


@dataclass(slots=True)
class Answer:
    """The first answer in some bytes, interim ones skipped: status, headers as they were sent, body as it was sent."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: list[bytes] = field(default_factory=list)
    complete: bool = False
    parser: httptools.HttpResponseParser = field(init=False)

    def __post_init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.complete:
            self.headers.append((name, value.strip()))

    def on_headers_complete(self) -> None:
        if self.complete:
            return
        self.status = self.parser.get_status_code()
        if is_interim(self.status):
            self.headers.clear()

    def on_body(self, body: bytes) -> None:
        if not self.complete:
            self.body.append(body)

    def on_message_complete(self) -> None:
        self.complete = not is_interim(self.status)

    def content(self) -> bytes:
        """The decoded body. Raises ValueError for a coding that is unknown, or broken."""
        body = b"".join(self.body)
        codings = [value for name, value in self.headers if name.lower() == b"content-encoding"]
        for coding in reversed([part.strip().lower() for value in codings for part in value.split(b",")]):
            body = decoded(body, coding)
        return body


def read_answer(data: bytes) -> Answer:
    """The answer that some bytes begin with. What follows it has been held against the connection already."""
    answer = Answer()
    with contextlib.suppress(httptools.HttpParserError, httptools.HttpParserUpgrade):
        answer.parser.feed_data(data)
    return answer


def decoded(body: bytes, coding: bytes) -> bytes:
    """A body without its content coding. Raises ValueError."""
    if coding == b"identity" or not body:
        return body
    if coding not in (b"gzip", b"x-gzip", b"deflate"):
        raise ValueError(f"content coding {coding.decode('latin-1')!r} is not known here")
    try:
        return zlib.decompress(body, 47)  # 32 + 15: gzip or zlib, as the header says
    except zlib.error as error:
        if coding != b"deflate":
            raise ValueError(f"broken gzip: {error}") from None
    try:
        return zlib.decompress(body, -15)  # "deflate" without zlib's header: old servers
    except zlib.error as error:
        raise ValueError(f"broken deflate: {error}") from None


class JsonLooker:
    """Compares JSON with what is wanted."""

    def __init__(self, rule: ExpectJson) -> None:
        self.rule = rule

    def skips(self, status: int) -> bool:
        """Whether an answer with this status may be left out of a sample."""
        return status in self.rule.statuses

    def __call__(self, status: int, data: bytes, request: WireRequest) -> tuple[int, str]:
        """The outcome, and in words why it is not ok."""
        if status not in self.rule.statuses:
            return BAD_STATUS, describe(status, data)
        try:
            body = read_answer(data).content()
        except ValueError as error:
            return BAD_BODY, f"{status}: {error}"
        try:
            found = json.loads(body)
        except ValueError as error:
            return BAD_BODY, f"{status}: no JSON ({error}): {text(body)}"
        why = difference(self.rule.wanted, found)
        return (BAD_BODY, f"{status}: {why} in {text(body)}") if why else (OK, "")


class FunctionLooker:
    """Asks a function about an httpx.Response. The function decides alone: also about the status."""

    def __init__(self, name: str, function: Callable[[Any], object]) -> None:
        import httpx

        self.name = name
        self.function = function
        self.response = httpx.Response
        self.request = httpx.Request

    def skips(self, status: int) -> bool:
        """Whether an answer with this status may be left out of a sample."""
        return status in OK_STATUSES

    def __call__(self, status: int, data: bytes, request: WireRequest) -> tuple[int, str]:
        """The outcome, and in words why it is not ok."""
        outcome = BAD_BODY if status in OK_STATUSES else BAD_STATUS
        answer = read_answer(data)
        try:
            response = self.response(
                status, headers=answer.headers, content=b"".join(answer.body), request=self._asked(request)
            )
            accepted = self.function(response)
            if accepted:
                return OK, ""
        except Exception as error:  # noqa: BLE001 - whatever a function raises, it refuses the answer
            return outcome, f"{self.name} raised {type(error).__name__}: {error}; {_shown(status, answer)}"
        return outcome, f"{self.name} returned {accepted!r:.80}; {_shown(status, answer)}"

    def _asked(self, request: WireRequest) -> Any:
        target = request.data.split(b" ", 2)[1].decode("ascii")
        return self.request(request.method, f"http://server{target}")


def _shown(status: int, answer: Answer) -> str:
    try:
        return f"{status}: {text(answer.content())}"
    except ValueError as error:
        return f"{status}: {error}"


def text(body: bytes) -> str:
    """The beginning of a body, in one line."""
    return " ".join(body[:TEXT_BYTES].decode("utf-8", "replace").split())


class Sampled:
    """Looks at every n-th answer that may be left out, and at all others."""

    def __init__(self, looker: JsonLooker | FunctionLooker, every: int) -> None:
        self.looker = looker
        self.every = every
        self.number = count()

    def __call__(self, status: int, data: bytes, request: WireRequest) -> tuple[int, str]:
        """The outcome, and in words why it is not ok."""
        if self.looker.skips(status) and next(self.number) % self.every:
            return OK, ""
        return self.looker(status, data, request)


class UselessFunction(Exception):
    """A function that cannot be unpickled here, with the reason."""


def _unpickled(rule: ExpectFunction) -> Callable[[Any], object]:
    try:
        function: Callable[[Any], object] = pickle.loads(rule.pickled)
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise UselessFunction(f"expect={rule.name} cannot be used in the load agent: {why}") from error
    return function


Looker = Callable[[int, bytes, WireRequest], tuple[int, str]]
"""Takes status, bytes and request of an answer; gives the outcome and why."""


def looker(expecting: Expecting | None) -> Looker | None:
    """What looks at the answers of a slot; None if nothing does."""
    if expecting is None:
        return None
    rule = expecting.rule
    made: JsonLooker | FunctionLooker
    if isinstance(rule, ExpectJson):
        made = JsonLooker(rule)
    else:
        sys.path += [entry for entry in rule.path if entry not in sys.path]
        made = FunctionLooker(rule.name, _unpickled(rule))
    return made if expecting.every == 1 else Sampled(made, expecting.every)
