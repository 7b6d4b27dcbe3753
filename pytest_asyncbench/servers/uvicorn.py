"""Uvicorn: ASGI apps on an event loop, asyncio's or uvloop."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_asyncbench.servers.flags import arguments
from pytest_asyncbench.servers.programs import Program
from pytest_asyncbench.servers.words import WORKER_CLASS, refuse_words, require_app, require_choice

if TYPE_CHECKING:
    from pytest_asyncbench.servers.place import Place
    from pytest_asyncbench.servers.spec import ServerSpec

LACKS = WORKER_CLASS | {
    "threads": "Uvicorn runs requests on one event loop per worker and has no threads; use workers",
    "greenlets": "Uvicorn runs requests on one event loop per worker and has no greenlets; use workers",
}


class Uvicorn(Program):
    """`uvicorn APP` with its words; see https://www.uvicorn.org/settings/."""

    distributions = ("uvicorn",)

    def check(self, spec: ServerSpec) -> None:
        require_app(spec)
        refuse_words(spec, LACKS)
        require_choice(spec, "interface", ("asgi",))
        require_choice(spec, "loop", ("auto", "asyncio", "uvloop", "zuvloop"))
        require_choice(spec, "http", ("auto", "h11", "httptools", "zttp"))

    def settle(self, spec: ServerSpec) -> ServerSpec:
        return replace(
            spec,
            interface="asgi",
            workers=spec.workers or 1,
            loop=spec.loop or "auto",
            http=spec.http or "auto",
        )

    def argv(self, spec: ServerSpec, place: Place) -> list[str]:
        at = ["--host", place.host, "--port", str(place.port), "--no-access-log", "--interface", "asgi3"]
        given = arguments(spec, without=("interface",))
        return [place.python, "-m", "uvicorn", *at, *given, *spec.args, str(spec.app)]

    def mode(self, spec: ServerSpec) -> str:
        return "asyncio"

    def keepalive(self, spec: ServerSpec) -> bool | None:
        return True
