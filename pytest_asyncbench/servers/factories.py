"""The public factories of server specs.

Every factory takes the same words (see `ServerSpec`); a word that a program or mode does not have is refused
with the reason when the spec is built.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.servers.external import TIMEOUT
from pytest_asyncbench.servers.modes import SAY, chosen
from pytest_asyncbench.servers.spec import ServerSpec, build
from pytest_asyncbench.servers.sweep import grid

__all__ = [
    "command",
    "daphne",
    "external",
    "granian",
    "grid",
    "gunicorn",
    "hypercorn",
    "serve",
    "server_spec",
    "uvicorn",
    "uwsgi",
]


def granian(app: str, *, interface: str | None = None, **words: Any) -> ServerSpec:
    """A Granian server of `app` ("package.module:attribute").

    `interface` ("wsgi", "asgi", "rsgi") is required. `workers` are processes, `threads` are per worker and exist
    under wsgi only. Raises SpecError for what cannot be meant.
    """
    return build("granian", app=app, interface=interface, **words)


def gunicorn(app: str, *, worker_class: str | None = None, **words: Any) -> ServerSpec:
    """A Gunicorn server of `app`.

    `worker_class` is "sync" (the default), "gthread" (with `threads`), "gevent" (with `greenlets`), "asgi", or a class
    as "uvicorn_worker.UvicornWorker". Raises SpecError for what cannot be meant.
    """
    return build("gunicorn", app=app, worker_class=worker_class, **words)


def uvicorn(app: str, **words: Any) -> ServerSpec:
    """A Uvicorn server of an ASGI `app`: `workers`, `loop` ("asyncio", "uvloop"), `http` ("h11", "httptools").

    Raises SpecError for what cannot be meant.
    """
    return build("uvicorn", app=app, **words)


def uwsgi(app: str, **words: Any) -> ServerSpec:
    """A uWSGI server of a WSGI `app`: `workers`, and `threads` or `greenlets` (gevent) per worker.

    `http` is "http-socket" (the default: workers speak HTTP, and close each connection), "http11-socket" (and keep it),
    "http" (a router process in front), "http-keepalive". Raises SpecError for what cannot be meant.
    """
    return build("uwsgi", app=app, **words)


def hypercorn(app: str, **words: Any) -> ServerSpec:
    """A Hypercorn server of `app`.

    `interface` is "asgi" (the default) or "wsgi", `loop` "asyncio", "uvloop" or "trio". Raises SpecError for what
    cannot be meant.
    """
    return build("hypercorn", app=app, **words)


def daphne(app: str, **words: Any) -> ServerSpec:
    """A Daphne server of an ASGI `app`, in one process, without lifespan. Raises SpecError for what cannot be meant."""
    return build("daphne", app=app, **words)


def command(argv: Sequence[str], **words: Any) -> ServerSpec:
    """Any other program: `command(["{python}", "-m", "myserver", "--port", "{port}"])`.

    The program must listen on 127.0.0.1. Raises SpecError for what cannot be meant.
    """
    return build("command", argv=argv, **words)


def external(url: str, *, startup_timeout: float | str = TIMEOUT, **words: Any) -> ServerSpec:
    """A server that runs already at `url` ("http://127.0.0.1:8000"): not started, not stopped, its processes unknown.

    It must answer within `startup_timeout`. Raises SpecError for what cannot be meant.
    """
    return build("external", url=url, startup_timeout=startup_timeout, **words)


def serve(app: str, *, mode: str, program: str | None = None, **words: Any) -> ServerSpec:
    """A server of `app` that runs requests in `mode`: "sync", "threads", "gevent" or "asyncio".

    `program` is the server program; default: gunicorn, under asyncio uvicorn. With "threads" say `threads`, with
    "gevent" `greenlets`. Raises SpecError for a mode that the program does not have, and whatever else cannot be meant.
    """
    name, choice = chosen(mode, program)
    say = SAY.get(mode)
    if say and say not in words and name != "hypercorn":  # whose number of threads cannot be said
        raise SpecError(
            f"serve(mode={mode!r}): say {say}=; the defaults of the programs differ from 1 to 1000"
        )
    spec = build(name, app=app, **{**choice, **words})
    if spec.mode != mode:
        raise SpecError(
            f"serve(mode={mode!r}, program={name!r}): with these words it runs requests as {spec.mode!r}"
        )
    return spec


def server_spec(program: str, app: str | None = None, **words: Any) -> ServerSpec:
    """A server by its program's name: of this package, or of another one (`pytest_asyncbench_server_programs`).

    Raises SpecError for an unknown program, and for what the program refuses.
    """
    return build(program, app=app, **words)
