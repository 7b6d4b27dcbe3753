"""The public factories of server specs.

Every factory takes the same words (see `ServerSpec`); a word that a program or mode does not have is refused
with the reason when the spec is built.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_asyncbench.servers.spec import ServerSpec, build


def granian(app: str, *, interface: str | None = None, **words: Any) -> ServerSpec:
    """A Granian server of `app` ("package.module:attribute").

    `interface` ("wsgi", "asgi", "rsgi") is required. `workers` are processes, `threads` are per worker and exist
    under wsgi only. Raises SpecError for what cannot be meant.
    """
    return build("granian", app=app, interface=interface, **words)


def command(argv: Sequence[str], **words: Any) -> ServerSpec:
    """Any other program: `command(["{python}", "-m", "myserver", "--port", "{port}"])`.

    The program must listen on 127.0.0.1. Raises SpecError for what cannot be meant.
    """
    return build("command", argv=argv, **words)
