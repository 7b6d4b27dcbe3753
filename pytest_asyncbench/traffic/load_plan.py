"""What one load call asks for, checked: requests, users, time, and which answers are ok."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.traffic.expect import (
    OK_STATUSES,
    ExpectFunction,
    Expecting,
    ExpectJson,
    shipped,
)
from pytest_asyncbench.traffic.requests import KEYWORDS, RequestDescription
from pytest_asyncbench.traffic.sent import Sent
from pytest_asyncbench.traffic.think_time import ThinkTime, think_time
from pytest_asyncbench.units import seconds

CAPS = (8, 12, 18, 30)
"""Rounds after which the rule looks, and so the numbers of rounds that a run may have at most."""

ARRIVALS = ("constant", "poisson")
LEAST_RATE = 1.0
"""Starts per second; a slot of at most 5 s must hold some."""

WORDS = (
    "users",
    "rate",
    "arrivals",
    "max_in_flight",
    "duration",
    "slot",
    "warmup",
    "think_time",
    "timeout",
    "expect",
    "expect_every",
    "verify",
    "keepalive",
    "rounds",
    "max_time",
    "differs",
    "name",
)
DIFFERENCES = (
    "status",
    "content_type",
    "shape",
    "length",
    "queries_per_request",
    "rows_per_request",
    "errors",
    "settings",
)
"""What variants may differ in only if a test says that it means it."""
"""Keywords of every load call, beside httpx's own for the request."""


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """One load call. Times are seconds.

    With a `rate` (starts per second) it is an open loop, and `users` and `think_time` mean nothing.
    `duration` (measured time per variant) replaces sampling until decided; `warmup` None means until steady;
    `rounds` None means as many as the statements need, or 12 without statements. `rule` looks at the body of every
    `expect_every`-th answer. Requests are sent in turn, or as often as `weights` say, or they come from `stream`. With
    `compared` each of these, by its name, is a variant's: `of` gives the plan of one.
    """

    requests: tuple[RequestDescription, ...]
    users: int = 1
    duration: float | None = None
    slot: float = 0.5
    warmup: float | None = None
    think_time: ThinkTime = 0.0
    timeout: float = 30.0
    expect: frozenset[int] = OK_STATUSES
    expect_every: int = 1
    rule: ExpectJson | ExpectFunction | None = None
    verify: bool | str = True
    keepalive: bool = True
    rounds: int | None = None
    max_time: float = 300.0
    name: str | None = None
    rate: float | None = None
    arrivals: str = "constant"
    max_in_flight: int = 1000
    differs: frozenset[str] = frozenset()
    weights: tuple[int, ...] = ()
    stream: Iterator[object] | None = field(default=None, compare=False)
    compared: tuple[tuple[str, Sent], ...] = ()

    def of(self, variant: str) -> LoadPlan:
        """What is sent to one variant: the same as to all, unless requests are compared."""
        for name, what in self.compared:
            if name == variant:
                return replace(self, requests=what.requests, weights=what.weights, compared=())
        return self

    @property
    def label(self) -> str:
        """The name of the run in reports."""
        if self.compared:
            return self.name or ", ".join(f"{name}: {self.of(name).label}" for name, _ in self.compared)
        if self.stream is not None:
            return self.name or "requests of an iterator"
        labels = [request.label for request in self.requests]
        if self.weights:
            labels = [f"{weight} x {label}" for weight, label in zip(self.weights, labels, strict=True)]
        return self.name or ", ".join(labels)

    @property
    def expecting(self) -> Expecting | None:
        """What looks at bodies; None if the status decides alone."""
        return None if self.rule is None else Expecting(self.rule, self.expect_every)

    @property
    def is_made_ahead(self) -> bool:
        """Whether requests are made one by one, each to be sent once."""
        return self.stream is not None or any(request.differs for request in self.requests)


def split_keywords(call: str, keywords: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The keywords of a load call, apart: those of the request (httpx's) and those of the load (ours).

    Raises SpecError for one that is neither.
    """
    for word in keywords:
        if word == "http2":
            raise SpecError(
                f"{call}: the load agent speaks HTTP/1.1 only; load.flow(visit, http2=True) goes over httpx's own"
            )
        if word not in KEYWORDS and word not in WORDS:
            raise SpecError(
                f"{call} has no keyword {word!r}; it has {', '.join(WORDS)}, and of the request {', '.join(KEYWORDS)}"
            )
    return {w: v for w, v in keywords.items() if w in KEYWORDS}, {
        w: v for w, v in keywords.items() if w in WORDS
    }


def load_plan(
    call: str, requests: Iterable[RequestDescription], words: Mapping[str, Any], defaults: Mapping[str, Any]
) -> LoadPlan:
    """A checked plan from the words of a load call, over `defaults` (the options).

    `call` names the call in errors ("load.get('/quote')"). Raises SpecError for a value that cannot be meant.
    """
    given = {**{word: value for word, value in defaults.items() if value is not None}, **words}
    _require_one_loop(call, given)
    if callable(rule := given.get("expect")) and not isinstance(rule, type):
        given = {**given, "expect": None, "rule": shipped(rule, f"{call}: expect")}
    elif isinstance(rule, ExpectJson):
        given = {**given, "expect": rule.statuses, "rule": rule}
    if given.get("expect_every") is not None and given.get("rule") is None:
        raise SpecError(
            f"{call}: expect_every is how often a body is looked at; give expect=expect_json({{...}}) too"
        )
    checks = {
        "users": _users,
        "rate": _rate,
        "arrivals": _arrivals,
        "max_in_flight": _max_in_flight,
        "think_time": think_time,
        "expect": _expect,
        "expect_every": _every,
        "verify": _verify,
        "rule": lambda value, what: value,
        "rounds": _rounds,
        "keepalive": _flag,
        "differs": _differs,
        "name": _name,
    }
    checked: dict[str, Any] = {
        word: checks.get(word, _time)(value, f"{call}: {word}")
        for word, value in given.items()
        if value is not None
    }
    return LoadPlan(requests=tuple(requests), **checked)


def _require_one_loop(call: str, given: Mapping[str, Any]) -> None:
    """Raise SpecError where words of a closed loop and of an open one are mixed."""
    words = {word for word, value in given.items() if value is not None}
    if "rate" in words and (closed := words & {"users", "think_time"}):
        raise SpecError(
            f"{call}: rate and {' and '.join(sorted(closed, reverse=True))} exclude each other: with rate, requests "
            "start when planned (open loop); with users, when the last answer is there (closed loop)"
        )
    if "rate" not in words and (opened := words & {"arrivals", "max_in_flight"}):
        raise SpecError(f"{call}: {' and '.join(sorted(opened))} belong to an open loop; add rate=")


def _rate(value: object, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not LEAST_RATE <= value < math.inf:
        raise SpecError(f"{what}={value!r}: a rate is a number of starts per second, from {LEAST_RATE:g} up")
    return float(value)


def _arrivals(value: object, what: str) -> str:
    if value not in ARRIVALS:
        raise SpecError(f"{what}={value!r}: write {' or '.join(map(repr, ARRIVALS))}")
    return str(value)


def _max_in_flight(value: object, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SpecError(f"{what}={value!r}: it is a whole number of requests, from 1 up")
    return value


def _users(value: object, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SpecError(f"{what}={value!r}: users are a whole number from 1 up")
    return value


def _every(value: object, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SpecError(f"{what}={value!r}: write a whole number from 1 up; 10 looks at every tenth body")
    return value


def _verify(value: object, what: str) -> bool | str:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str | Path):
        raise SpecError(f"{what}={value!r}: write False, or the path of a CA's certificate")
    from pytest_asyncbench.traffic.tls import authorities  # ssl is wanted by few

    path = str(Path(value).absolute())
    try:
        authorities(path)
    except OSError as error:
        raise SpecError(f"{what}={value!r}: no certificates can be read from there: {error}") from None
    return path


def _time(value: object, what: str) -> float:
    time = seconds(value, what)
    if time == 0 and not what.endswith("warmup"):
        raise SpecError(f"{what}={value!r}: it must be longer than zero")
    return time


def _expect(value: object, what: str) -> frozenset[int]:
    statuses = [value] if isinstance(value, int) else value
    if isinstance(statuses, Iterable) and not isinstance(statuses, str | bytes):
        found = list(statuses)
        if found and all(isinstance(status, int) and 200 <= status <= 599 for status in found):
            return frozenset(found)
    raise SpecError(
        f"{what}={value!r}: write a status such as 201, or a set of them, or expect_json({{...}}), or a function"
    )


def _rounds(value: object, what: str) -> int:
    if not isinstance(value, int) or value not in CAPS:
        raise SpecError(
            f"{what}={value!r}: the rule looks after {', '.join(map(str, CAPS))} rounds; write one of them"
        )
    return value


def _differs(value: object, what: str) -> frozenset[str]:
    named = [value] if isinstance(value, str) else value
    if isinstance(named, Iterable) and not isinstance(named, bytes):
        found = list(named)
        if all(name in DIFFERENCES for name in found):
            return frozenset(found)
    raise SpecError(f"{what}={value!r}: write a set of {', '.join(DIFFERENCES)}")


def _flag(value: object, what: str) -> bool:
    if not isinstance(value, bool):
        raise SpecError(f"{what}={value!r}: write True or False")
    return value


def _name(value: object, what: str) -> str:
    if not isinstance(value, str) or not value:
        raise SpecError(f"{what}={value!r}: a name is a text")
    return value
