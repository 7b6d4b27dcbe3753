"""A flow: a function of the test that a user runs again and again, made ready to travel to the load agent."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.traffic.plan import WireFlow
from pytest_asyncbench.traffic.requests import RequestDescription

OK_STATUSES = frozenset(range(200, 400))
"""Expected of the requests of a flow: a client that follows redirects meets them as answers."""
NEEDED = ("httpx", "cloudpickle")


@dataclass(frozen=True, slots=True, eq=False)
class Flow(RequestDescription):
    """Takes the place of the requests of a load call. `code` is the function, pickled; `path` is `sys.path`."""

    code: bytes = b""
    path: tuple[str, ...] = ()


def flow(call: str, visit: Any) -> Flow:
    """Describe a flow by its function `async def visit(client)`. `call` names the load call in errors.

    Raises SpecError if it is no such function, if it cannot be pickled, or if the extra `flows` is not installed.
    """
    _require_packages(call)
    _require_coroutine_function(call, visit)
    plain = _without_partial(visit)
    name = getattr(plain, "__name__", type(plain).__name__)
    path = (*(entry for entry in sys.path if entry), os.getcwd())
    return Flow("", "", name=f"flow {name}", code=_pickled(call, visit), path=path)


def wire_flow(description: Flow, *, host: str, expect: frozenset[int]) -> WireFlow:
    """The flow as the agent gets it; `host` ("127.0.0.1:8000") is that of the addresses that the client sees."""
    return WireFlow(description.label, "", b"", expect, description.code, host, description.path)


def _require_packages(call: str) -> None:
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise SpecError(
            f"{call} needs {' and '.join(missing)}, not installed here: pip install 'pytest-asyncbench[flows]'"
        )


def _without_partial(visit: Any) -> Any:
    while isinstance(visit, partial):
        visit = visit.func
    return visit


def _function(visit: Any) -> Any:
    """What runs when `visit` is called: under partial, and of an object with `__call__`."""
    visit = _without_partial(visit)
    return visit if inspect.isroutine(visit) else getattr(visit, "__call__", visit)  # noqa: B004


def _require_coroutine_function(call: str, visit: Any) -> None:
    right = "write `async def visit(client): await client.get('/')`"
    if not inspect.iscoroutinefunction(_function(visit)):
        raise SpecError(f"{call}: a flow is an async function, not {visit!r}; {right}")
    try:
        inspect.signature(visit).bind(object())
    except TypeError as error:
        raise SpecError(f"{call}: a flow is called with one argument, the client: {error}; {right}") from None


def _pickled(call: str, visit: Any) -> bytes:
    """By value, with the globals that it uses: the agent cannot import a test module, nor should it run one."""
    import cloudpickle  # of the extra; nothing else needs it

    try:
        with _by_value(cloudpickle, getattr(_function(visit), "__module__", None)):
            code: bytes = cloudpickle.dumps(visit)
    except Exception as error:
        raise SpecError(
            f"{call}: the function cannot travel to the load agent, which is a process of its own: "
            f"{type(error).__name__}: {error}; make inside of it what it needs, or pass plain values"
        ) from error
    return code


@contextmanager
def _by_value(cloudpickle: Any, name: str | None) -> Iterator[None]:
    module = sys.modules.get(name or "")
    if module is None or module.__name__ in cloudpickle.list_registry_pickle_by_value():
        yield
        return
    cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        cloudpickle.unregister_pickle_by_value(module)
