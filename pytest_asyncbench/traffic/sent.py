"""What `load.send` takes, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.traffic.encoding import RequestShaped
from pytest_asyncbench.traffic.mix import Mix
from pytest_asyncbench.traffic.requests import RequestDescription, description_of

Request: TypeAlias = RequestDescription | RequestShaped
Sendable: TypeAlias = Request | Mix | Sequence[Request] | Iterator[Request]


@dataclass(frozen=True, slots=True)
class Sent:
    """Requests sent in turn; or in proportion to `weights`; or those of `stream`, each once."""

    requests: tuple[RequestDescription, ...]
    weights: tuple[int, ...] = ()
    stream: Iterator[object] | None = None


def sent(given: object, for_request: Mapping[str, Any], call: str) -> Sent:
    """What is to be sent. Raises SpecError for what is no request, no mix, no list and no iterator of them."""
    if for_request:
        raise SpecError(f"{call}: {', '.join(for_request)} belong into request(...)")
    if isinstance(given, Mix):
        return Sent(given.requests, given.weights)
    if isinstance(given, list | tuple):
        if not given:
            raise SpecError(f"{call}: the list holds no request")
        return Sent(tuple(description_of(item, call) for item in given))
    if isinstance(given, Iterator):
        return Sent((), (), given)
    if isinstance(given, Mapping):
        raise SpecError(f"{call}: write mix({{request: weight}})")
    return Sent((description_of(given, call),))


def compared(given: Mapping[str, object], call: str) -> tuple[tuple[str, Sent], ...]:
    """What is sent to each of the variants that are compared. Raises SpecError as `sent`, for iterators, which could
    not be shared fairly, and for fewer than two."""
    if len(given) < 2:
        names = f"there is only {next(iter(given))}" if given else "there is none"
        raise SpecError(f"{call}: name two or more requests to compare, old=request('GET', '/v1'); {names}")
    each = tuple((name, sent(what, {}, f"{call}: {name}")) for name, what in given.items())
    for name, what in each:
        if what.stream is not None:
            raise SpecError(
                f"{call}: {name} is an iterator, which is used up; write request(..., json=function)"
            )
    return each
