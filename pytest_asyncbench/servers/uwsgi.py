"""uWSGI: WSGI apps in processes, on threads or on gevent's greenlets; from the package uwsgi or pyuwsgi."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_asyncbench.errors import ProgramMissing, SpecError
from pytest_asyncbench.servers.flags import arguments
from pytest_asyncbench.servers.programs import Program
from pytest_asyncbench.servers.words import WORKER_CLASS, refuse_words, require_app, require_choice

if TYPE_CHECKING:
    from pytest_asyncbench.servers.place import Place
    from pytest_asyncbench.servers.spec import ServerSpec

HTTP = {
    "http-socket": ("--http-socket",),
    "http11-socket": ("--http11-socket",),
    "http": ("--http",),
    "http-keepalive": ("--http-keepalive", "--http-auto-chunked", "--http"),
}
"""How uWSGI speaks HTTP: in the workers themselves, or in a router process in front of them; each with or without
connections that are kept."""

LACKS = WORKER_CLASS | {"loop": "uWSGI has no event loop to choose; greenlets= runs gevent's"}


class Uwsgi(Program):
    """`uwsgi --module APP` with its words; see https://uwsgi-docs.readthedocs.io."""

    distributions = ("uwsgi", "pyuwsgi")

    def check(self, spec: ServerSpec) -> None:
        require_app(spec)
        refuse_words(spec, LACKS)
        require_choice(spec, "interface", ("wsgi",))
        require_choice(spec, "http", tuple(HTTP))
        if spec.greenlets and spec.http == "http11-socket":
            raise SpecError(
                f"uwsgi(greenlets={spec.greenlets}, http='http11-socket'): a worker of uWSGI 2.0 that keeps "
                "connections under gevent dies of an assertion of libev; use http='http-keepalive'"
            )
        if spec.threads and spec.greenlets:
            raise SpecError(
                f"uwsgi(threads={spec.threads}, greenlets={spec.greenlets}): uWSGI runs threads or gevent; choose one"
            )

    def settle(self, spec: ServerSpec) -> ServerSpec:
        return replace(spec, interface="wsgi", workers=spec.workers or 1, http=spec.http or "http-socket")

    def argv(self, spec: ServerSpec, place: Place) -> list[str]:
        *modes, listen = HTTP[str(spec.http)]
        place.require("uwsgi", listen, f"http={spec.http!r}")
        # SIGTERM would reload; without --need-app a broken app answers 500; request logging is a write per request
        line = ["--master", "--die-on-term", "--need-app", "--disable-logging", *modes, listen, place.address]
        if spec.greenlets:
            place.require("uwsgi", "--gevent-early-monkey-patch", f"greenlets={spec.greenlets}")
            line.append(
                "--gevent-early-monkey-patch"
            )  # before the app is imported: later is too late for psycopg
        given = arguments(spec, without=("interface", "http"))
        return [*_binary(place), *line, *given, "--module", str(spec.app), *spec.args]

    def mode(self, spec: ServerSpec) -> str:
        if spec.greenlets:
            return "gevent"
        return "threads" if spec.threads else "sync"

    def concurrency(self, spec: ServerSpec) -> int | None:
        return (spec.workers or 1) * (spec.threads or spec.greenlets or 1)

    def keepalive(self, spec: ServerSpec) -> bool | None:
        return spec.http in ("http11-socket", "http-keepalive")


def _binary(place: Place) -> list[str]:
    """The program of the interpreter's own environment. The one of pyuwsgi is a script for that interpreter."""
    path = Path(place.python).parent / (place.distribution or "uwsgi")
    if not path.is_file():
        raise ProgramMissing(f"{place.distribution} is installed in {place.python}, and there is no {path}")
    return [place.python, str(path)] if place.distribution == "pyuwsgi" else [str(path)]
