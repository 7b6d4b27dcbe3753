"""The table of server programs. A new program is one file beside this one, and one line here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pytest_asyncbench.errors import SpecError

if TYPE_CHECKING:
    from pytest_asyncbench.servers.spec import ServerSpec


class Program(Protocol):
    """What a server program must tell: which specs it accepts, how it is called, how it runs requests."""

    def check(self, spec: ServerSpec) -> None:
        """Raise SpecError, with the reason, for a word that the program or mode does not have."""

    def settle(self, spec: ServerSpec) -> ServerSpec:
        """The spec with every default that matters made explicit; the methods below are given such a one."""

    def argv(self, spec: ServerSpec, python: str, port: int) -> list[str]:
        """The command line that serves `spec` on 127.0.0.1:`port`."""

    def mode(self, spec: ServerSpec) -> str:
        """See ServerSpec.mode."""

    def concurrency(self, spec: ServerSpec) -> int | None:
        """See ServerSpec.concurrency."""


def program(name: str) -> Program:
    """The program of that name."""
    from pytest_asyncbench.servers.command import CommandLine
    from pytest_asyncbench.servers.granian import Granian

    table: dict[str, type[Program]] = {"granian": Granian, "command": CommandLine}
    if name not in table:
        raise SpecError(f"no server program {name!r}; there are {', '.join(table)}")
    return table[name]()
