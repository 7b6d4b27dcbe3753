"""Granian: a server in Rust that runs WSGI apps on threads and ASGI apps on an event loop."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.servers.words import refuse_words, require_app, require_choice

if TYPE_CHECKING:
    from pytest_asyncbench.servers.spec import ServerSpec

INTERFACES = ("wsgi", "asgi", "asginl", "rsgi")
BACKLOG = 1024
"""Granian's default backlog, from which it derives its default number of threads."""

LACKS = {"greenlets": "Granian has no greenlets; use threads with interface='wsgi'"}
LACKS_LOOP = LACKS | {
    "threads": "Granian has no threads under {interface}: requests run on one event loop per worker; use workers"
}
LACKS_WSGI = LACKS | {"loop": "Granian runs no event loop for wsgi apps; drop loop"}


class Granian:
    """`granian APP` with its words; see https://github.com/emmett-framework/granian."""

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

    def argv(self, spec: ServerSpec, python: str, port: int) -> list[str]:
        flags: dict[str, object] = {
            "--interface": spec.interface,
            "--host": "127.0.0.1",
            "--port": port,
            "--workers": spec.workers,
            "--blocking-threads": spec.threads,
            "--loop": spec.loop,
            "--http": spec.http,
        }
        given = [str(part) for flag, value in flags.items() if value is not None for part in (flag, value)]
        return [python, "-m", "granian", *given, *spec.args, str(spec.app)]

    def mode(self, spec: ServerSpec) -> str:
        return "threads" if spec.interface == "wsgi" else "asyncio"

    def concurrency(self, spec: ServerSpec) -> int | None:
        return (spec.workers or 1) * spec.threads if spec.threads else None
