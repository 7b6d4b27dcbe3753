"""A flow: a function of the test that a user runs again and again, made ready to travel to the load agent."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.traffic.expect import ExpectJson
from pytest_asyncbench.traffic.plan import WireFlow
from pytest_asyncbench.traffic.requests import RequestDescription
from pytest_asyncbench.traffic.shipping import by_value, plain, without_partial

FLOW_STATUSES = frozenset(range(200, 400))
"""Expected of the requests of a flow: a client that follows redirects meets them as answers."""


@dataclass(frozen=True, slots=True, eq=False)
class Flow(RequestDescription):
    """Takes the place of the requests of a load call. `code` is the function, pickled; `path` is `sys.path`."""

    code: bytes = b""
    path: tuple[str, ...] = ()
    http2: bool = False


def flow(call: str, visit: Any, *, http2: bool = False) -> Flow:
    """Describe a flow by its function `async def visit(client)`. `call` names the load call in errors.

    Raises SpecError if it is no such function, if it cannot be pickled, or if the extra `flows` is not installed.
    """
    _require_httpx(call, http2)
    _require_coroutine_function(call, visit)
    called = without_partial(visit)
    name = getattr(called, "__name__", type(called).__name__)
    path = (*(entry for entry in sys.path if entry), os.getcwd())
    return Flow("", "", name=f"flow {name}", code=_pickled(call, visit), path=path, http2=http2)


def flow_words(call: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The keywords of a load of flows. Raises SpecError for what requests have, and flows have not."""
    if given.get("rate") is not None:
        raise SpecError(f"{call}: rate: a flow is a user's visit, one after another: use users=")
    expect = given.get("expect")
    if callable(expect) or isinstance(expect, ExpectJson) or given.get("expect_every") is not None:
        raise SpecError(
            f"{call}: expect is a status or a set of them here; what else an answer must be, the flow asserts itself: "
            'assert answer.json()["name"] == "ada"'
        )
    return {"expect": FLOW_STATUSES, **given}


def wire_flow(description: Flow, *, host: str, expect: frozenset[int], scheme: str = "http") -> WireFlow:
    """The flow as the agent gets it; `host` ("127.0.0.1:8000") is that of the addresses that the client sees."""
    code, path = description.code, description.path
    return WireFlow(description.label, "", b"", expect, code, host, path, scheme, description.http2)


def _require_httpx(call: str, http2: bool) -> None:
    if find_spec("httpx") is None:
        raise SpecError(f"{call} needs httpx, not installed here: pip install 'pytest-asyncbench[flows]'")
    if http2 and find_spec("h2") is None:
        raise SpecError(f"{call}: http2=True needs h2, not installed here: pip install 'httpx[http2]'")


def _require_coroutine_function(call: str, visit: Any) -> None:
    right = "write `async def visit(client): await client.get('/')`"
    if not inspect.iscoroutinefunction(plain(visit)):
        raise SpecError(f"{call}: a flow is an async function, not {visit!r}; {right}")
    try:
        inspect.signature(visit).bind(object())
    except TypeError as error:
        raise SpecError(f"{call}: a flow is called with one argument, the client: {error}; {right}") from None


def _pickled(call: str, visit: Any) -> bytes:
    """By value, with the globals that it uses: the agent cannot import a test module, nor should it run one."""
    try:
        return by_value(visit)
    except Exception as error:
        raise SpecError(
            f"{call}: the function cannot travel to the load agent, which is a process of its own: "
            f"{type(error).__name__}: {error}; make inside of it what it needs, or pass plain values"
        ) from error
