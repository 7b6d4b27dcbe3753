"""A server that runs already: it is reached, never started and never stopped."""

from __future__ import annotations

import urllib.parse
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.servers.programs import Program
from pytest_asyncbench.servers.spec import CONCURRENCY_WORDS
from pytest_asyncbench.servers.words import refuse_words

if TYPE_CHECKING:
    from pytest_asyncbench.servers.place import Place
    from pytest_asyncbench.servers.spec import ServerSpec

REASON = "an external server runs already; what it was started with is said where it was started"
DEFAULTS = {"env": (), "cwd": None, "python": None, "args": (), "port": None}
"""The words of a launch; they must stay as they are."""


class External(Program):
    """A server at a URL; everything that only its host could tell is unknown."""

    def check(self, spec: ServerSpec) -> None:
        refuse_words(spec, dict.fromkeys(CONCURRENCY_WORDS, REASON))
        for word, nothing in DEFAULTS.items():
            if getattr(spec, word) != nothing:
                raise SpecError(f"external({word}={getattr(spec, word)!r}): {REASON}")
        split(spec.url)

    def settle(self, spec: ServerSpec) -> ServerSpec:
        at = split(spec.url)
        return replace(spec, scheme=at.scheme, host_header=spec.host_header or at.netloc)

    def argv(self, spec: ServerSpec, place: Place) -> list[str]:
        raise SpecError(f"{spec.label()} is not started here")

    def mode(self, spec: ServerSpec) -> str:
        return "external"


def split(url: str | None) -> urllib.parse.SplitResult:
    """The parts of an external server's URL. Raises SpecError unless it is a scheme, a host and perhaps a port."""
    what = f"external({url!r})"
    if not isinstance(url, str):
        raise SpecError(f"{what}: write the server's URL, e.g. external('http://127.0.0.1:8000')")
    try:
        at = urllib.parse.urlsplit(url)
        port = at.port
    except ValueError as error:
        raise SpecError(f"{what}: {error}") from None
    if at.scheme not in ("http", "https") or not at.hostname or port == 0:
        raise SpecError(f"{what}: write the server's URL, e.g. external('http://127.0.0.1:8000')")
    if at.path not in ("", "/") or at.query or at.fragment or at.username is not None:
        raise SpecError(
            f"{what}: write scheme, host and port only; paths belong to the load, as in load.get('/path')"
        )
    return at
