"""Hypercorn: ASGI apps on asyncio, uvloop or trio, and WSGI apps on the loop's threads."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_asyncbench.servers.flags import arguments
from pytest_asyncbench.servers.programs import Program
from pytest_asyncbench.servers.words import WORKER_CLASS, refuse_words, require_app, require_choice

if TYPE_CHECKING:
    from pytest_asyncbench.servers.place import Place
    from pytest_asyncbench.servers.spec import ServerSpec

LACKS = WORKER_CLASS | {
    "threads": "Hypercorn has no flag for threads: wsgi apps run on the event loop's own pool; use workers",
    "greenlets": "Hypercorn has no greenlets; use workers",
    "http": "Hypercorn speaks HTTP/1 and 2 with h11 and h2, always",
}
TRIO_THREADS = 40
"""Threads of trio's default limiter."""


class Hypercorn(Program):
    """`hypercorn APP` with its words; see https://hypercorn.readthedocs.io."""

    distributions = ("hypercorn",)

    def check(self, spec: ServerSpec) -> None:
        require_app(spec)
        refuse_words(spec, LACKS)
        require_choice(spec, "interface", ("asgi", "wsgi"))
        require_choice(spec, "loop", ("asyncio", "uvloop", "trio"))

    def settle(self, spec: ServerSpec) -> ServerSpec:
        return replace(
            spec,
            interface=spec.interface or "asgi",
            workers=spec.workers or 1,
            loop=spec.loop or "asyncio",
        )

    def argv(self, spec: ServerSpec, place: Place) -> list[str]:
        given = arguments(spec, without=("interface",))
        said = place.has("hypercorn", "wsgi:")  # where it may be said, Hypercorn need not guess
        if spec.interface == "wsgi":
            place.require("hypercorn", "wsgi:", "interface='wsgi'")
        app = f"{spec.interface}:{spec.app}" if said else str(spec.app)
        return [place.python, "-m", "hypercorn", "--bind", place.address, *given, *spec.args, app]

    def mode(self, spec: ServerSpec) -> str:
        if spec.interface == "wsgi":
            return "threads"
        return "trio" if spec.loop == "trio" else "asyncio"

    def concurrency(self, spec: ServerSpec) -> int | None:
        if spec.interface != "wsgi":
            return None
        threads = TRIO_THREADS if spec.loop == "trio" else min(32, (os.cpu_count() or 1) + 4)
        return (spec.workers or 1) * threads  # the default executor of asyncio

    def keepalive(self, spec: ServerSpec) -> bool | None:
        return True
