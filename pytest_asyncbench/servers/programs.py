"""The table of server programs. A new program is one file beside this one, and one line here.

Programs of other packages come from the hook `pytest_asyncbench_server_programs` (see `hookspecs.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pytest_asyncbench.errors import SpecError

if TYPE_CHECKING:
    from pytest_asyncbench.servers.place import Place
    from pytest_asyncbench.servers.spec import ServerSpec

PROGRAMS: Mapping[str, str] = {
    "granian": "granian:Granian",
    "gunicorn": "gunicorn:Gunicorn",
    "uvicorn": "uvicorn:Uvicorn",
    "uwsgi": "uwsgi:Uwsgi",
    "hypercorn": "hypercorn:Hypercorn",
    "daphne": "daphne:Daphne",
    "command": "command:CommandLine",
    "external": "external:External",
}
"""The programs that come with this package, each with its file and class."""

_added: list[dict[str, Program]] = []
"""The programs of other packages, while a pytest session lasts; the last entry is that of the innermost session."""


@runtime_checkable
class Program(Protocol):
    """What a server program must tell: which specs it accepts, how it is called, how it runs requests.

    Subclass it: what is not abstract here has a default.
    """

    distributions: tuple[str, ...] = ()
    """The packages that bring the program, by their names on the index; the first that is installed is used, and it is
    an error at launch if none is. (): nothing is looked for."""

    hint: str = ""
    """What to know where a server of this program does not get ready; shown then."""

    def check(self, spec: ServerSpec) -> None:
        """Raise SpecError, with the reason, for a word that the program or mode does not have."""
        ...

    def argv(self, spec: ServerSpec, place: Place) -> list[str]:
        """The command line that serves `spec` at `place`: 127.0.0.1 and a port."""
        ...

    def mode(self, spec: ServerSpec) -> str:
        """See ServerSpec.mode."""
        ...

    def settle(self, spec: ServerSpec) -> ServerSpec:
        """The spec with every default that matters made explicit; `argv`, `mode` and the rest are given such a one."""
        return spec

    def concurrency(self, spec: ServerSpec) -> int | None:
        """See ServerSpec.concurrency."""
        return None

    def keepalive(self, spec: ServerSpec) -> bool | None:
        """See ServerSpec.keepalive."""
        return None


def program(name: str) -> Program:
    """The program of that name. Raises SpecError if there is none."""
    if _added and name in _added[-1]:
        return _added[-1][name]
    if name not in PROGRAMS:
        raise SpecError(f"no server program {name!r}; there are {', '.join(names())}")
    module, _, attribute = PROGRAMS[name].partition(":")
    made: Program = getattr(import_module(f"pytest_asyncbench.servers.{module}"), attribute)()
    return made


def names() -> list[str]:
    """Every program that there is, those of other packages included."""
    return [*PROGRAMS, *(_added[-1] if _added else ())]


def enter(added: Iterable[Mapping[str, Program]]) -> None:
    """Make the programs of other packages known, for a session that has begun; `leave` ends it.

    Raises SpecError for a name that is taken, or what is no program.
    """
    known: dict[str, Program] = {}
    for name, given in (pair for programs in added for pair in programs.items()):
        if name in PROGRAMS or name in known:
            raise SpecError(f"there is a server program {name!r} already; give yours another name")
        if isinstance(given, type) or not isinstance(given, Program):
            raise SpecError(
                f"the server program {name!r} is {given!r}; give an instance of a subclass of Program"
            )
        known[name] = given
    _added.append(known)


def leave() -> None:
    """Forget the programs of the innermost session."""
    _added.pop()
