"""Portable modes: what `serve(app, mode=...)` asks of each program."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.servers.programs import PROGRAMS

MODES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "sync": {"gunicorn": {"worker_class": "sync"}, "uwsgi": {}},
    "threads": {
        "gunicorn": {"worker_class": "gthread"},
        "granian": {"interface": "wsgi"},
        "uwsgi": {},
        "hypercorn": {"interface": "wsgi"},
    },
    "gevent": {"gunicorn": {"worker_class": "gevent"}, "uwsgi": {}},
    "asyncio": {
        "uvicorn": {},
        "granian": {"interface": "asgi"},
        "gunicorn": {"worker_class": "asgi"},
        "hypercorn": {"interface": "asgi"},
        "daphne": {},
    },
}
"""Of each mode: the programs that have it, the default first, and the words that choose it there."""

SAY = {"threads": "threads", "gevent": "greenlets"}
"""The word that must be said in a mode: the programs' own defaults differ from 1 to 1000."""


def chosen(mode: str, program: str | None) -> tuple[str, Mapping[str, str]]:
    """The program for `mode`, and the words that choose the mode there. Raises SpecError where it has no such mode."""
    if mode not in MODES:
        raise SpecError(f"serve(mode={mode!r}): mode is one of {', '.join(MODES)}")
    having = MODES[mode]
    name = program or next(iter(having))
    if name in PROGRAMS and name not in having:
        raise SpecError(
            f"serve(mode={mode!r}, program={name!r}): {name} has no such mode; {', '.join(having)} have it"
        )
    return name, having.get(name, {})
