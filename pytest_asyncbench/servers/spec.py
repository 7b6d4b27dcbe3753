"""The frozen description of one live server, and the words in which it is written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.servers.hosts import host_names
from pytest_asyncbench.units import seconds

if TYPE_CHECKING:
    from pytest_asyncbench.servers.programs import Program

CONCURRENCY_WORDS = ("interface", "worker_class", "workers", "threads", "greenlets", "loop", "http")
"""The words that only some programs and modes have; each program maps those it has to its own flags."""

ANY_ANSWER = "any answer"
"""The default of `ready`: any HTTP answer to GET / means that the server is up; a path given must answer 2xx."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSpec:
    """What is launched: which app, by which program, in which concurrency mode, with which environment.

    Made by the factories (`granian(...)`, `command(...)`), never directly; hashable, compared by value.
    Times are seconds. `env`, `args` and `hosts` may hold the placeholders `{database.url}`, `{database.host}`,
    `{database.port}`, `{database.user}`, `{database.password}`, `{database.name}`, `{upstream.url}`, `{port}`,
    `{python}` and `{directory}`, which are filled in at launch.
    """

    program: str
    app: str | None = None
    argv: tuple[str, ...] = ()
    url: str | None = None
    interface: str | None = None
    worker_class: str | None = None
    workers: int | None = None
    threads: int | None = None
    greenlets: int | None = None
    loop: str | None = None
    http: str | None = None
    env: tuple[tuple[str, str], ...] = ()
    cwd: str | None = None
    python: str | None = None
    args: tuple[str, ...] = ()
    ready: str | None = ANY_ANSWER
    startup_timeout: float = 60.0
    port: int | None = None
    host_header: str | None = None
    hosts: tuple[tuple[str, str], ...] = ()
    scheme: str = "http"
    name: str | None = None

    @property
    def mode(self) -> str:
        """How requests are run: "threads", "asyncio", ... ("command" where the program is not known)."""
        return self._program().mode(self.settled())

    @property
    def concurrency(self) -> int | None:
        """How many requests run at once over all workers; None where no setting limits it (an event loop)."""
        return self._program().concurrency(self.settled())

    @property
    def keepalive(self) -> bool | None:
        """Whether the server keeps a connection after an answer; None where that is not known."""
        return self._program().keepalive(self.settled())

    def settled(self) -> ServerSpec:
        """A copy in which every default that matters is explicit: what is launched, and what the reports show."""
        return self._program().settle(self)

    def with_options(self, **changes: Any) -> ServerSpec:
        """A copy with other words, checked like a new spec. Raises SpecError."""
        unknown = sorted(set(changes) - {field.name for field in fields(self)} | set(changes) & {"program"})
        if unknown:
            raise SpecError(f"a server spec has no word {unknown[0]!r}; it has {', '.join(words())}")
        return build(**{**self._words(), **changes})

    def with_env(self, **env: object) -> ServerSpec:
        """A copy with these environment variables added or replaced."""
        return replace(self, env=_pairs({**dict(self.env), **env}))

    def label(self) -> str:
        """Short and readable, for parameter ids and tables: "granian-wsgi-2w-32t"."""
        spec = self.settled()
        counts = ((spec.workers, "w"), (spec.threads, "t"), (spec.greenlets, "g"))
        how = spec.worker_class or spec.interface
        parts = [
            spec.program,
            how,
            *(f"{n}{unit}" for n, unit in counts if n is not None),
            spec.loop,
            spec.http,
        ]
        where = (spec.url or "").partition("://")[2]
        return self.name or "-".join(str(part) for part in (*parts, where) if part and part != "auto")

    def _words(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def _program(self) -> Program:
        from pytest_asyncbench.servers.programs import program

        return program(self.program)


def words() -> list[str]:
    """Every word that a factory takes, in the order of the reference."""
    return [field.name for field in fields(ServerSpec) if field.name not in ("program", "app", "argv", "url")]


def build(program: str, **given: Any) -> ServerSpec:
    """A checked spec. Raises SpecError for a word that the program or mode does not have, with the reason."""
    from pytest_asyncbench.servers.programs import program as find

    unknown = sorted(set(given) - {field.name for field in fields(ServerSpec)})
    if unknown:
        raise SpecError(f"{program}() has no word {unknown[0]!r}; a server spec has {', '.join(words())}")
    spec = ServerSpec(program=program, **_normal(program, given))
    find(program).check(spec)
    return spec


def _normal(program: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The words in the forms that the spec holds; raises SpecError for values that cannot be meant."""
    out = dict(given)
    for word in ("workers", "threads", "greenlets"):
        if out.get(word) is not None:
            out[word] = _count(program, word, out[word])
    if out.get("port") is not None and not (type(out["port"]) is int and 0 < out["port"] < 65536):
        raise SpecError(f"{program}(port={out['port']!r}): a port is a number from 1 to 65535")
    if "env" in out:
        out["env"] = _pairs(out["env"] or {})
    if "hosts" in out:
        out["hosts"] = host_names(program, out["hosts"] or {})
    if "args" in out:
        out["args"] = _strings(program, "args", out["args"] or ())
    if "argv" in out:
        out["argv"] = _strings(program, "argv", out["argv"])
    if "startup_timeout" in out:
        out["startup_timeout"] = seconds(out["startup_timeout"], f"{program}(startup_timeout=...)")
    for word in ("cwd", "python"):
        if isinstance(out.get(word), Path):
            out[word] = str(out[word])
    if out.get("scheme", "http") not in ("http", "https"):
        raise SpecError(f"{program}(scheme={out['scheme']!r}): scheme is one of http, https")
    ready = out.get("ready", ANY_ANSWER)
    if ready not in (None, ANY_ANSWER) and not (isinstance(ready, str) and ready.startswith("/")):
        raise SpecError(f"{program}(ready={ready!r}): write a path such as '/health', or None")
    return out


def _count(program: str, word: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SpecError(f"{program}({word}={value!r}): {word} is a whole number from 1 up")
    return value


def _pairs(env: Mapping[str, object] | tuple[tuple[str, object], ...]) -> tuple[tuple[str, str], ...]:
    if not isinstance(env, Mapping | tuple):
        raise SpecError(f"env={env!r}: write a mapping, e.g. env={{'DEBUG': '0'}}")
    for name, value in dict(env).items():
        if not isinstance(name, str) or not re.fullmatch(r"[^=\0]+", name) or "\0" in str(value):
            raise SpecError(f"env: {name!r}={value!r} cannot be an environment variable")
    return tuple(sorted((name, str(value)) for name, value in dict(env).items()))


def _strings(program: str, word: str, value: object) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise SpecError(f"{program}({word}={value!r}): write a list of arguments, not one string")
    return tuple(str(part) for part in value)
