"""A server that runs already: it is reached, never started and never stopped."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.servers.programs import Program
from pytest_asyncbench.servers.spec import CONCURRENCY_WORDS, build
from pytest_asyncbench.servers.words import refuse_words

if TYPE_CHECKING:
    from pytest_asyncbench.servers.place import Place
    from pytest_asyncbench.servers.spec import ServerSpec

REASON = "an external server runs already; what it was started with is said where it was started"
TIMEOUT = "10s"
"""A server that runs already answers at once, or soon."""
DEFAULTS = {"env": (), "cwd": None, "python": None, "args": (), "port": None, "hosts": ()}
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


def at_urls(specs: Mapping[str, ServerSpec], urls: Mapping[str, str]) -> dict[str, ServerSpec]:
    """The servers at `urls` in place of those described: by variant, or under "" the one server of a test, described
    or not.

    Raises SpecError if a server has no URL: what runs here and what runs there would not be comparable.
    """
    if not specs and "" in urls:
        return {"server": build("external", url=urls[""], startup_timeout=TIMEOUT)}
    given = {"server": urls[""], **urls} if "" in urls else urls
    if missing := [name for name in specs if name not in given]:
        known = ", ".join(f"{name}=" if name else "the one server of a test" for name in urls)
        raise SpecError(
            f"--asyncbench-url gives no URL for {', '.join(missing)} (it has {known}); write --asyncbench-url="
            f"{missing[0]}=URL, or deselect the test"
        )
    return {name: _at_url(spec, given[name]) for name, spec in specs.items()}


def _at_url(spec: ServerSpec, url: str) -> ServerSpec:
    """What a test says of the way to ask its server stays: `ready`, `host_header`, `name`."""
    kept = {"ready": spec.ready, "host_header": spec.host_header, "name": spec.name}
    return build("external", url=url, startup_timeout=TIMEOUT, **kept)


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
