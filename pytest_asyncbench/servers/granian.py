"""Granian: a server in Rust that runs WSGI apps on threads and ASGI apps on an event loop."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.servers.flags import arguments
from pytest_asyncbench.servers.programs import Program
from pytest_asyncbench.servers.words import WORKER_CLASS, refuse_words, require_app, require_choice

if TYPE_CHECKING:
    from pytest_asyncbench.servers.place import Place
    from pytest_asyncbench.servers.spec import ServerSpec

INTERFACES = ("wsgi", "asgi", "asginl", "rsgi")
BACKLOG = 1024
"""Granian's default backlog, from which it derives its default number of threads."""

LACKS = WORKER_CLASS | {"greenlets": "Granian has no greenlets; use threads with interface='wsgi'"}
LACKS_LOOP = LACKS | {
    "threads": "Granian has no threads under {interface}: requests run on one event loop per worker; use workers"
}
LACKS_WSGI = LACKS | {"loop": "Granian runs no event loop for wsgi apps; drop loop"}


class Granian(Program):
    """`granian APP` with its words; see https://github.com/emmett-framework/granian."""

    distributions = ("granian",)

    def check(self, spec: ServerSpec) -> None:
        require_app(spec)
        if spec.interface is None:
            raise SpecError(
                f"granian({spec.app!r}): say interface='wsgi', 'asgi' or 'rsgi'; "
                "a wrong guess would measure something else"
            )
        require_choice(spec, "interface", INTERFACES)
        require_choice(spec, "loop", ("auto", "asyncio", "uvloop", "rloop", "winloop"))
        require_choice(spec, "http", ("auto", "1", "2"))
        lacks = LACKS_WSGI if spec.interface == "wsgi" else LACKS_LOOP
        refuse_words(spec, {word: why.format(interface=spec.interface) for word, why in lacks.items()})

    def settle(self, spec: ServerSpec) -> ServerSpec:
        workers = spec.workers or 1
        # Granian's own default: half of what one worker may hold in its backlog.
        threads = max(1, BACKLOG // workers // 2) if spec.interface == "wsgi" else None
        return replace(spec, workers=workers, threads=spec.threads or threads)

    def argv(self, spec: ServerSpec, place: Place) -> list[str]:
        at = ["--host", place.host, "--port", str(place.port)]
        return [place.python, "-m", "granian", *at, *arguments(spec), *spec.args, str(spec.app)]

    def mode(self, spec: ServerSpec) -> str:
        return "threads" if spec.interface == "wsgi" else "asyncio"

    def concurrency(self, spec: ServerSpec) -> int | None:
        return (spec.workers or 1) * spec.threads if spec.threads else None

    def keepalive(self, spec: ServerSpec) -> bool | None:
        return True
