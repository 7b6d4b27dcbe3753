"""The `load` fixture's object: fires traffic at the servers of the test that uses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.measure.run import Run
from pytest_asyncbench.testcase import TestCase
from pytest_asyncbench.traffic.load_plan import load_plan, split_keywords
from pytest_asyncbench.traffic.requests import RequestDescription, request


class Load:
    """Fires traffic at the test's server, or at all its variants, interleaved.

    Every verb takes a path, httpx's keywords of a request (`params`, `headers`, `cookies`, `content`, `data`,
    `files`, `json`), and those of the load: `users` (each sends when it has its answer), `duration` (measure this
    long per variant instead of sampling until decided), `slot`, `warmup`, `think_time`, `timeout`, `expect` (status
    codes that are ok; default 2xx), `keepalive`, `rounds`, `max_time`, `name`. Times are seconds or "250ms".

    Raises SpecError, before anything is sent, for what cannot be meant.
    """

    def __init__(self, current: Callable[[], TestCase]) -> None:
        self._current = current

    def get(self, path: str, **keywords: Any) -> Run:
        """GET `path` from every user, again and again."""
        return self._verb("GET", path, keywords)

    def head(self, path: str, **keywords: Any) -> Run:
        """HEAD `path`."""
        return self._verb("HEAD", path, keywords)

    def options(self, path: str, **keywords: Any) -> Run:
        """OPTIONS `path`."""
        return self._verb("OPTIONS", path, keywords)

    def post(self, path: str, **keywords: Any) -> Run:
        """POST to `path`."""
        return self._verb("POST", path, keywords)

    def put(self, path: str, **keywords: Any) -> Run:
        """PUT to `path`."""
        return self._verb("PUT", path, keywords)

    def patch(self, path: str, **keywords: Any) -> Run:
        """PATCH `path`."""
        return self._verb("PATCH", path, keywords)

    def delete(self, path: str, **keywords: Any) -> Run:
        """DELETE `path`."""
        return self._verb("DELETE", path, keywords)

    def send(self, described: RequestDescription, **keywords: Any) -> Run:
        """Send a request described by `request(...)`."""
        call = "load.send(...)"
        if not isinstance(described, RequestDescription):
            raise SpecError(f"{call}: {described!r} is no request; write request('GET', '/path')")
        _, words = split_keywords(call, keywords)
        return self._fire(call, described, words)

    def _verb(self, method: str, path: str, keywords: dict[str, Any]) -> Run:
        call = f"load.{method.lower()}({path!r})"
        for_request, words = split_keywords(call, keywords)
        return self._fire(call, request(method, path, **for_request), words)

    def _fire(self, call: str, described: RequestDescription, words: dict[str, Any]) -> Run:
        case = self._current()
        return case.fire(load_plan(call, [described], words, case.settings.defaults))
