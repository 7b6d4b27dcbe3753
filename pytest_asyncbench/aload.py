"""The `aload` fixture's object: the verbs of `load`, awaitable."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from pytest_asyncbench.errors import AsyncBenchError
from pytest_asyncbench.load import Load

__tracebackhide__ = True

INSIST = 0.05
"""Seconds between two attempts to end the slot that runs: between two slots there is none to end."""


class AsyncLoad:
    """`await aload.get("/", users=64)`: every verb of `load`, while the test's event loop goes on.

    Cancelling the awaiting task (also by `asyncio.timeout`) ends the load within half a second.
    """

    def __init__(self, load: Load, cancel: Callable[[], None]) -> None:
        self._load = load
        self._cancel = cancel

    def __getattr__(self, verb: str) -> Callable[..., Awaitable[Any]]:
        if verb.startswith("_"):
            raise AttributeError(verb)
        function = getattr(self._load, verb)

        def call(*arguments: Any, **keywords: Any) -> Awaitable[Any]:
            return self._run(lambda: function(*arguments, **keywords))

        return call

    def __dir__(self) -> list[str]:
        return [name for name in dir(self._load) if not name.startswith("_")]

    async def _run(self, call: Callable[[], Any]) -> Any:
        """Run a call of `load` in a thread; the load itself runs in the agent's process."""
        work = asyncio.get_running_loop().run_in_executor(None, call)
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            while not work.done():
                self._cancel()
                await asyncio.wait([work], timeout=INSIST)
            with suppress(AsyncBenchError):
                work.result()
            raise
