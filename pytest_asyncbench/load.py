"""The `load` fixture's object: fires traffic at the servers of the test that uses it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from pytest_asyncbench.errors import AsyncBenchError, SpecError
from pytest_asyncbench.measure.run import Run
from pytest_asyncbench.testcase import TestCase
from pytest_asyncbench.traffic.encoding import RequestShaped
from pytest_asyncbench.traffic.flow import OK_STATUSES, Flow, flow
from pytest_asyncbench.traffic.load_plan import load_plan, split_keywords
from pytest_asyncbench.traffic.requests import RequestDescription, described, request

__tracebackhide__ = True
"""A failing call is shown at the line of the test that makes it, not in here."""

Describe: TypeAlias = Callable[[Mapping[str, Any]], RequestDescription]


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

    def send(self, given: RequestDescription | RequestShaped, **keywords: Any) -> Run:
        """Send a request described by `request(...)`, or an httpx.Request (to the test's server, whatever its host)."""
        return self._fire("load.send(...)", keywords, lambda for_request: _described(given, for_request))

    def flow(self, visit: Callable[[Any], Awaitable[object]], **keywords: Any) -> Run:
        """Run `async def visit(client)` from every user, again and again; `client` is an `httpx.AsyncClient`.

        It runs in the load agent. Each user has a client, and so cookies, of its own; `rps` counts visits. Takes the
        keywords of the load. A visit is ok if it returns and every answer had an expected status (default 2xx and
        3xx); `timeout` is that of a request, and of a whole visit.
        """
        call = f"load.flow({getattr(visit, '__name__', visit)})"
        keywords.setdefault("expect", OK_STATUSES)
        return self._fire(call, keywords, lambda for_request: _flow(call, visit, for_request))

    def _verb(self, method: str, path: str, keywords: dict[str, Any]) -> Run:
        call = f"load.{method.lower()}({path!r})"
        return self._fire(call, keywords, lambda for_request: request(method, path, **for_request))

    def _fire(self, call: str, keywords: dict[str, Any], describe: Describe) -> Run:
        case = self._current()
        try:
            for_request, words = split_keywords(call, keywords)
            plan = load_plan(call, [describe(for_request)], words, case.settings.defaults)
            return case.fire(plan)
        except AsyncBenchError as error:
            raise error.with_traceback(None) from None


def _flow(call: str, visit: Any, for_request: Mapping[str, Any]) -> Flow:
    if for_request:
        raise SpecError(f"{call}: {', '.join(for_request)} belong to the requests that the flow sends")
    return flow(call, visit)


def _described(given: object, for_request: Mapping[str, Any]) -> RequestDescription:
    if for_request:
        raise SpecError(f"load.send(...): {', '.join(for_request)} belong into request(...)")
    if isinstance(given, RequestDescription):
        return given
    if all(hasattr(given, name) for name in ("method", "url", "headers", "read")):
        return described(given)  # type: ignore[arg-type]
    raise SpecError(f"load.send({given!r}): this is no request; write request('GET', '/path')")
