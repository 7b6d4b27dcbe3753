"""What an answer must be beyond its status: a JSON subset, or a function of an httpx.Response."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.traffic.shipping import by_value

OK_STATUSES = frozenset(range(200, 300))


@dataclass(frozen=True, slots=True)
class ExpectJson:
    """A body that is JSON and holds `wanted`; made by `expect_json`."""

    wanted: Any
    statuses: frozenset[int] = OK_STATUSES


@dataclass(frozen=True, slots=True)
class ExpectFunction:
    """A function of an httpx.Response, pickled by value; `path` is where the modules that it uses are found."""

    name: str
    pickled: bytes
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Expecting:
    """What looks at answers: `rule` at every one, or at every `every`-th."""

    rule: ExpectJson | ExpectFunction
    every: int = 1


def expect_json(wanted: Any, status: int | frozenset[int] | set[int] | None = None) -> ExpectJson:
    """Expect JSON that holds `wanted`: `load.get("/user", expect=expect_json({"name": "ada"}))`.

    Of an object the given keys must be there with the given values, and there may be more; lists must have the same
    length; everything else must be equal. `status` is the status that the answer must have, or a set of them; default
    2xx. Raises SpecError for a status that is none.
    """
    if status is None:
        return ExpectJson(wanted)
    statuses = frozenset([status] if isinstance(status, int) else status)
    if not statuses or not all(isinstance(code, int) and 200 <= code <= 599 for code in statuses):
        raise SpecError(f"expect_json(..., status={status!r}): write a status such as 201, or a set of them")
    return ExpectJson(wanted, statuses)


def difference(wanted: Any, found: Any, where: str = "$") -> str:
    """Where JSON does not hold what is wanted, in words; empty if it does."""
    if isinstance(wanted, Mapping):
        return _object_difference(wanted, found, where)
    if isinstance(wanted, list | tuple):
        if not isinstance(found, list) or len(found) != len(wanted):
            return f"{where} is {found!r:.80}, not a list of {len(wanted)}"
        pairs = enumerate(zip(wanted, found, strict=True))
        return next((why for i, (a, b) in pairs if (why := difference(a, b, f"{where}[{i}]"))), "")
    same = wanted == found and isinstance(wanted, bool) == isinstance(found, bool)
    return "" if same else f"{where} is {found!r:.80}, not {wanted!r:.80}"


def _object_difference(wanted: Mapping[str, Any], found: Any, where: str) -> str:
    if not isinstance(found, dict):
        return f"{where} is {found!r:.80}, not an object"
    for key, value in wanted.items():
        if key not in found:
            return f"{where} has no {key!r}"
        if why := difference(value, found[key], f"{where}.{key}"):
            return why
    return ""


def shipped(function: Callable[[Any], object], what: str) -> ExpectFunction:
    """A function made ready to travel to an agent. Raises SpecError where httpx is missing, or it cannot travel."""
    name = getattr(function, "__qualname__", repr(function))
    if find_spec("httpx") is None:
        raise SpecError(
            f"{what}={name}: a function gets an httpx.Response, and httpx is not installed: pip install httpx"
        )
    try:
        return ExpectFunction(name, by_value(function), tuple(sys.path))
    except Exception as error:
        raise SpecError(f"{what}={name}: it cannot be sent to the load agent: {error}") from error
