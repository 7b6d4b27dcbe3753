"""Gunicorn: a master that forks workers, whose class says how they run requests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.servers.flags import arguments
from pytest_asyncbench.servers.programs import Program
from pytest_asyncbench.servers.words import refuse_words, require_app, require_choice

if TYPE_CHECKING:
    from pytest_asyncbench.servers.place import Place
    from pytest_asyncbench.servers.spec import ServerSpec

MODES = {"sync": "sync", "gthread": "threads", "gevent": "gevent", "asgi": "asyncio"}
"""How each of Gunicorn's own workers runs requests; a dotted class may do anything."""
CLASSES = {
    "gunicorn.workers.sync.SyncWorker": "sync",
    "gunicorn.workers.gthread.ThreadWorker": "gthread",
    "gunicorn.workers.ggevent.GeventWorker": "gevent",
    "gunicorn.workers.gasgi.ASGIWorker": "asgi",
}
GREENLETS = 1000
"""Gunicorn's own default of --worker-connections."""

INTERFACE = {
    "interface": "Gunicorn's interface follows from worker_class: asgi and Uvicorn's workers, or wsgi"
}
LACKS_LOOP = {"loop": "Gunicorn chooses a loop under worker_class='asgi' only"}
LACKS_HTTP = {"http": "a worker class of another package brings its own HTTP parser"}
LACKS_GREENLETS = {"greenlets": "Gunicorn has greenlets under worker_class='gevent' only"}
LACKS_THREADS = {"threads": "Gunicorn has threads under worker_class='gthread' only"}
LACKS = {
    "sync": LACKS_THREADS | LACKS_GREENLETS | LACKS_LOOP,
    "gthread": LACKS_GREENLETS | LACKS_LOOP,
    "gevent": LACKS_THREADS | LACKS_LOOP,
    "asgi": LACKS_THREADS | LACKS_GREENLETS,
}
LACKS_DOTTED = LACKS_THREADS | LACKS_GREENLETS | LACKS_LOOP | LACKS_HTTP


class Gunicorn(Program):
    """`gunicorn APP` with its words; see https://gunicorn.org. A `gunicorn.conf.py` in its directory is read by it."""

    distributions = ("gunicorn",)

    def check(self, spec: ServerSpec) -> None:
        require_app(spec)
        kind = _kind(spec)
        if kind not in MODES and "." not in kind:
            raise SpecError(
                f"gunicorn(worker_class={kind!r}): worker_class is one of {', '.join(MODES)}, "
                "or a class as 'package.module.Class'"
            )
        refuse_words(spec, INTERFACE | LACKS.get(kind, LACKS_DOTTED))
        require_choice(spec, "loop", ("auto", "asyncio", "uvloop"))
        require_choice(spec, "http", ("auto", "fast", "python"))

    def settle(self, spec: ServerSpec) -> ServerSpec:
        kind = _kind(spec)
        return replace(
            spec,
            worker_class=spec.worker_class or kind,
            workers=spec.workers or 1,
            threads=(spec.threads or 1) if kind == "gthread" else None,
            greenlets=(spec.greenlets or GREENLETS) if kind == "gevent" else None,
            loop=(spec.loop or "auto") if kind == "asgi" else None,
        )

    def argv(self, spec: ServerSpec, place: Place) -> list[str]:
        if _kind(spec) == "asgi":
            place.require("gunicorn", "--worker-class asgi", "worker_class='asgi'")
        if spec.http:
            place.require("gunicorn", "--http-parser", f"http={spec.http!r}")
        line = [place.python, "-m", "gunicorn", "--bind", place.address, *arguments(spec)]
        if place.version and place.has("gunicorn", "--no-control-socket"):
            line.append("--no-control-socket")  # it would stand in the home directory, one for all servers
        return [*line, *spec.args, str(spec.app)]

    def mode(self, spec: ServerSpec) -> str:
        kind = _kind(spec)
        if "uvicorn" in kind.lower():
            return "asyncio"
        return MODES.get(kind, kind.rpartition(".")[2])

    def concurrency(self, spec: ServerSpec) -> int | None:
        each = {"sync": 1, "gthread": spec.threads, "gevent": spec.greenlets}.get(_kind(spec))
        return (spec.workers or 1) * each if each else None

    def keepalive(self, spec: ServerSpec) -> bool | None:
        kind = _kind(spec)
        return kind != "sync" if kind in MODES or "uvicorn" in kind.lower() else None


def _kind(spec: ServerSpec) -> str:
    """The worker class in Gunicorn's short word, or dotted; without one, what the other words ask for."""
    if spec.worker_class:
        return CLASSES.get(spec.worker_class, spec.worker_class)
    if spec.threads:
        return "gthread"
    return "gevent" if spec.greenlets else "sync"
