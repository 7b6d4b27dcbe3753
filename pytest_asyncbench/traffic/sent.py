"""What `load.send` takes, and what becomes of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.traffic.encoding import RequestShaped
from pytest_asyncbench.traffic.flow import Flow, flow, flow_words
from pytest_asyncbench.traffic.mix import Mix
from pytest_asyncbench.traffic.requests import RequestDescription, description_of, request

Request: TypeAlias = RequestDescription | RequestShaped
Visit: TypeAlias = Callable[[Any], Awaitable[object]]
Sendable: TypeAlias = Request | Mix | Sequence[Request] | Iterator[Request]


@dataclass(frozen=True, slots=True)
class Sent:
    """Requests sent in turn; or in proportion to `weights`; or those of `stream`, each once."""

    requests: tuple[RequestDescription, ...]
    weights: tuple[int, ...] = ()
    stream: Iterator[object] | None = None

    def words(self, call: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """The keywords of the load, with the defaults of what is sent. Raises SpecError for what flows do not have."""
        flows = bool(self.requests) and all(isinstance(item, Flow) for item in self.requests)
        return flow_words(call, given) if flows else dict(given)


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


def of_flow(call: str, visit: Any, for_request: Mapping[str, Any], *, http2: bool = False) -> Sent:
    """A flow in the place of requests. Raises SpecError."""
    if for_request:
        raise SpecError(f"{call}: {', '.join(for_request)} belong to the requests that the flow sends")
    return Sent((flow(call, visit, http2=http2),))


def of_ramp(call: str, given: Any, for_request: Mapping[str, Any]) -> Sent:
    """What a ramp sends: the same at every plateau. Raises SpecError for requests that are each sent once."""
    if isinstance(given, str):
        what = Sent((request("GET", given, **for_request),))
    elif callable(given):
        return of_flow(call, given, for_request)
    else:
        what = sent(given, for_request, call)
    if what.stream is not None or any(item.differs for item in what.requests):
        raise SpecError(
            f"{call}: every plateau of a ramp sends the same requests; make those that differ in a flow: "
            "load.ramp(visit, users=(1, 400))"
        )
    return what


def compared(call: str, given: Mapping[str, object]) -> tuple[tuple[str, Sent], ...]:
    """What is sent to each of the variants that are compared.

    Raises SpecError as `sent`; for an iterator, which two load calls could not share; for flows next to requests, and
    for fewer than two.
    """
    if len(given) < 2:
        names = f"there is only {next(iter(given))}" if given else "there is none"
        raise SpecError(f"{call}: name two or more requests to compare, old=request('GET', '/v1'); {names}")
    each = tuple((name, _one_compared(f"{call}: {name}", what)) for name, what in given.items())
    flows = [name for name, what in each if isinstance(what.requests[0], Flow)]
    if 0 < len(flows) < len(each):
        others = [name for name in given if name not in flows]
        raise SpecError(
            f"{call}: {', '.join(flows)} is a flow and {', '.join(others)} is not: their rates are not of one kind"
        )
    return each


def _one_compared(call: str, what: object) -> Sent:
    found = of_flow(call, what, {}) if callable(what) else sent(what, {}, call)
    if found.stream is not None:
        raise SpecError(f"{call} is an iterator, which is used up; write request(..., json=function)")
    return found
