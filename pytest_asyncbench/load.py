"""The `load` fixture's object: fires traffic at the servers of the test that uses it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from pytest_asyncbench.errors import AsyncBenchError
from pytest_asyncbench.given import is_example
from pytest_asyncbench.hunt.slowest import Slowest
from pytest_asyncbench.measure.race_run import Race
from pytest_asyncbench.measure.ramp_run import Ramp
from pytest_asyncbench.measure.run import Run
from pytest_asyncbench.racing import fire_race
from pytest_asyncbench.ramping import fire_ramp
from pytest_asyncbench.testcase import TestCase
from pytest_asyncbench.traffic.load_plan import WORDS, load_plan, split_keywords
from pytest_asyncbench.traffic.race_plan import RACE_WORDS, of_race, race_plan
from pytest_asyncbench.traffic.ramp_plan import RAMP_WORDS, ramp_plan
from pytest_asyncbench.traffic.requests import request
from pytest_asyncbench.traffic.sent import Sendable, Sent, Visit, compared, of_flow, of_ramp, sent

__tracebackhide__ = True
"""A failing call is shown at the line of the test that makes it, not in here."""

Describe: TypeAlias = Callable[[Mapping[str, Any]], Sent]


class Load:
    """Fires traffic at the test's server, or at all its variants, interleaved.

    Every verb takes a path, httpx's keywords of a request (`params`, `headers`, `cookies`, `auth`, `content`, `data`,
    `files`, `json`; `params`, `content`, `data` and `json` may be functions of the request's number), and those of
    the load: `users` (each sends when it has its answer) or `rate` (starts per second, with `arrivals` and
    `max_in_flight`), `duration` (measure this long per variant instead of sampling until decided), `slot`, `warmup`,
    `think_time`, `timeout`, `expect` (status codes that are ok, default 2xx; `expect_json({...})`; or a function of an
    httpx.Response), `expect_every` (look at every n-th body), `verify` (of https servers), `keepalive`, `rounds`,
    `max_time`, `name`. Times are seconds or "250ms".

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

    def send(self, given: Sendable, **keywords: Any) -> Run:
        """Send what is described by `request(...)`, an httpx.Request (to the test's server, whatever its host), several
        in turn (a list), a `mix({request: weight})`, or the requests of an iterator, each once."""
        call = "load.send(...)"
        return self._fire(call, keywords, lambda for_request: sent(given, for_request, call))

    def ramp(self, given: str | Sendable | Visit, **keywords: Any) -> Ramp:
        """Ascending load on one server, plateau after plateau, until it errs: `load.ramp("/quote", users=(1, 400))`.

        `given` is a path, what `load.send` takes except for an iterator, or the function of a flow. `users` (or
        `rate`) is (lowest, highest); `steps` a number of plateaus or the load of each (default: each about twice the
        one before); `duration` the measured time of a plateau (default 5 s); `repeats` how often all of it is done,
        for intervals. The other keywords are those of every load call.
        """
        case = self._current()
        call = f"load.ramp({given!r})" if isinstance(given, str) else "load.ramp(...)"
        try:
            own = {word: keywords.pop(word) for word in (*RAMP_WORDS, "rate") if word in keywords}
            for_request, words = split_keywords(call, keywords)
            what = of_ramp(call, given, for_request)
            words = {**words, **own}
            plan = ramp_plan(call, what.requests, what.words(call, words), case.settings.defaults)
            return fire_ramp(case, replace(plan, first=replace(plan.first, weights=what.weights)))
        except AsyncBenchError as error:
            raise error.with_traceback(None) from None

    def slowest(self, given: Any, **keywords: Any) -> Slowest:
        """Hunt the slowest request with Hypothesis: `load.slowest("/search", params={"page": st.integers(1, 500)})`.

        `given` is a path, a strategy of paths, or one of whole requests (`st.builds(request, ...)`); every keyword of
        the request, and `method`, may be a strategy or hold some. `limit` is what the slowest one may take; a test's
        latency budgets are such limits, too. `max_examples` (200) are drawn and then shrunk, in `max_requests` and
        `max_time` (60 s) at most. `timeout`, `expect`, `verify`, `keepalive` and `name` are those of every load call.

        Raises SpecError, before anything is sent, for what cannot be meant; MissingHypothesis without Hypothesis.
        """
        from pytest_asyncbench.traffic.slowest_plan import slowest_plan

        call = f"load.slowest({given!r})" if isinstance(given, str) else "load.slowest(...)"
        case = self._current()
        try:
            plan = slowest_plan(call, given, keywords, case.settings.defaults, in_given=is_example())
            from pytest_asyncbench.hunting import hunt_slowest

            return hunt_slowest(case, plan)
        except AsyncBenchError as error:
            raise error.with_traceback(None) from None

    def race(self, given: str | Sendable | Visit, **keywords: Any) -> Race:
        """All variants of the test, the losers dropped early: `load.race("/quote", users=64).best`.

        `given` is a path, what `load.send` takes except for an iterator, or the function of a flow. `metric` decides,
        "rps" or any other that is sampled; a variant is dropped when it is worse than another one by more than `by`
        ("10%"; default: what launches of one server may differ by). `.best`, `.ties`, `.ranking`; `race["w2_t5"].rps`.
        The other keywords are those of every load call, except for `duration`.
        """
        case = self._current()
        call = f"load.race({given!r})" if isinstance(given, str) else "load.race(...)"
        try:
            own = {word: keywords.pop(word) for word in RACE_WORDS if word in keywords}
            for_request, words = split_keywords(call, keywords)
            what = of_race(call, given, for_request)
            return fire_race(case, race_plan(call, what, words, own, case.settings.defaults))
        except AsyncBenchError as error:
            raise error.with_traceback(None) from None

    def flow(self, visit: Visit, *, http2: bool = False, **keywords: Any) -> Run:
        """Run `async def visit(client)` from every user, again and again; `client` is an `httpx.AsyncClient`.

        It runs in the load agent. Each user has a client, and so cookies, of its own; `rps` counts visits. Takes the
        keywords of the load. A visit is ok if it returns and every answer had an expected status (default 2xx and
        3xx); `timeout` is that of a request, and of a whole visit. With `http2` its requests go over httpx's own
        transport, since the agent speaks HTTP/1.1 only: it costs several times the agent's CPU time.
        """
        call = f"load.flow({getattr(visit, '__name__', visit)})"
        return self._fire(call, keywords, lambda for_request: of_flow(call, visit, for_request, http2=http2))

    def compare(self, **keywords: Any) -> Run:
        """Requests as variants of one server, interleaved: `load.compare(old=request("GET", "/v1"), new=..., users=8)`.

        Every keyword that is none of the load's names a variant, and takes what `load.send` takes except for an
        iterator, or all of them the functions of flows. `run.ratio("new", "old")`, and `@pytest.mark.ordering("new",
        "old")` on the test, speak of them.
        """
        call = "load.compare(...)"
        given = {name: what for name, what in keywords.items() if name not in WORDS}
        words = {name: what for name, what in keywords.items() if name in WORDS}
        case = self._current()
        try:
            each = compared(call, given)
            all_of_them = Sent(tuple(item for _, what in each for item in what.requests))
            plan = load_plan(
                call, all_of_them.requests, all_of_them.words(call, words), case.settings.defaults
            )
            return case.fire(replace(plan, compared=each))
        except AsyncBenchError as error:
            raise error.with_traceback(None) from None

    def _verb(self, method: str, path: str, keywords: dict[str, Any]) -> Run:
        call = f"load.{method.lower()}({path!r})"
        return self._fire(call, keywords, lambda for_request: Sent((request(method, path, **for_request),)))

    def _fire(self, call: str, keywords: dict[str, Any], describe: Describe) -> Run:
        case = self._current()
        try:
            for_request, words = split_keywords(call, keywords)
            what = describe(for_request)
            plan = load_plan(call, what.requests, what.words(call, words), case.settings.defaults)
            return case.fire(replace(plan, weights=what.weights, stream=what.stream))
        except AsyncBenchError as error:
            raise error.with_traceback(None) from None
