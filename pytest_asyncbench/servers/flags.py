"""How our words are called by each program: the one table, read by the programs and by the reference."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_asyncbench.servers.spec import ServerSpec

FLAGS: Mapping[str, Mapping[str, str]] = {
    "granian": {
        "interface": "--interface",
        "workers": "--workers",
        "threads": "--blocking-threads",
        "loop": "--loop",
        "http": "--http",
    },
    "gunicorn": {
        "worker_class": "--worker-class",
        "workers": "--workers",
        "threads": "--threads",
        "greenlets": "--worker-connections",
        "loop": "--asgi-loop",
        "http": "--http-parser",
    },
    "uvicorn": {"interface": "--interface", "workers": "--workers", "loop": "--loop", "http": "--http"},
    "uwsgi": {
        "interface": "--module",
        "workers": "--processes",
        "threads": "--threads",
        "greenlets": "--gevent",
        "http": "--http, --http-socket",
    },
    "hypercorn": {"interface": "asgi: or wsgi:", "workers": "--workers", "loop": "--worker-class"},
    "daphne": {"interface": "asgi", "workers": "1"},
    "command": {},
    "external": {},
}
"""Of each program: the flag (or the part of its command line) that a word becomes; no other word is accepted."""

SINCE: Mapping[str, Mapping[str, str]] = {
    "gunicorn": {
        "--worker-class asgi": "24.0",
        "--asgi-loop": "24.0",
        "--http-parser": "25.0",
        "--no-control-socket": "25.1",
    },
    "hypercorn": {"wsgi:": "0.14"},
    "uwsgi": {"--gevent-early-monkey-patch": "2.0.14"},
}
"""Of each program: the versions from which on it has a flag that older ones do not have."""


def arguments(spec: ServerSpec, without: Collection[str] = ()) -> list[str]:
    """The words of `spec` as the program's arguments, in the order of the table."""
    given = {word: getattr(spec, word) for word in FLAGS[spec.program] if word not in without}
    flags = FLAGS[spec.program]
    return [part for word, value in given.items() if value is not None for part in (flags[word], str(value))]
