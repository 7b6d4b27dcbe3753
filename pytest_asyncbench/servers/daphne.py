"""Daphne: ASGI apps on Twisted, in one process, without lifespan."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.servers.programs import Program
from pytest_asyncbench.servers.words import WORKER_CLASS, refuse_words, require_app, require_choice

if TYPE_CHECKING:
    from pytest_asyncbench.servers.place import Place
    from pytest_asyncbench.servers.spec import ServerSpec

LACKS = WORKER_CLASS | {
    "threads": "Daphne runs requests on one event loop and has no threads",
    "greenlets": "Daphne runs requests on one event loop and has no greenlets",
    "loop": "Daphne runs on Twisted's asyncio reactor, always",
    "http": "Daphne has Twisted's HTTP parser only",
}


class Daphne(Program):
    """`daphne APP`; see https://github.com/django/daphne. It never sends lifespan events to the app."""

    distributions = ("daphne",)
    hint = "Daphne has no lifespan: an app that opens its pool there answers 500."

    def check(self, spec: ServerSpec) -> None:
        require_app(spec)
        refuse_words(spec, LACKS)
        require_choice(spec, "interface", ("asgi",))
        if spec.workers not in (None, 1):
            raise SpecError(f"daphne(workers={spec.workers}): Daphne is one process; use another program")

    def settle(self, spec: ServerSpec) -> ServerSpec:
        return replace(spec, interface="asgi", workers=1)

    def argv(self, spec: ServerSpec, place: Place) -> list[str]:
        at = ["--bind", place.host, "--port", str(place.port), "--verbosity", "0"]
        return [place.python, "-m", "daphne", *at, *spec.args, str(spec.app)]

    def mode(self, spec: ServerSpec) -> str:
        return "asyncio"

    def keepalive(self, spec: ServerSpec) -> bool | None:
        return True
