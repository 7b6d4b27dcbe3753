"""Functions of a test on their way to a load agent, which is a process of its own and imports no test module."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import Any


def by_value(function: Any) -> bytes:
    """The function pickled with everything of its own module that it uses. Raises what pickling raises."""
    import cloudpickle  # wanted by few

    with _registered(cloudpickle, getattr(plain(function), "__module__", None)):
        return bytes(cloudpickle.dumps(function))


def without_partial(function: Any) -> Any:
    """What a partial calls; anything else itself."""
    while isinstance(function, partial):
        function = function.func
    return function


def plain(function: Any) -> Any:
    """What runs when `function` is called: under partial, and of an object with `__call__`."""
    function = without_partial(function)
    return function if inspect.isroutine(function) else getattr(function, "__call__", function)  # noqa: B004


@contextmanager
def _registered(cloudpickle: Any, name: str | None) -> Iterator[None]:
    module = sys.modules.get(name or "")
    if not isinstance(module, ModuleType) or module.__name__ in cloudpickle.list_registry_pickle_by_value():
        yield
        return
    cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        cloudpickle.unregister_pickle_by_value(module)
