"""The table of server programs. A new program is one file beside this one, and one line here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.servers.spec import CONCURRENCY_WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_asyncbench.servers.spec import ServerSpec


class Program(Protocol):
    """What a server program must tell: which specs it accepts, how it is called, how it runs requests."""

    def check(self, spec: ServerSpec) -> ServerSpec:
        """The spec with every default that matters made explicit. Raises SpecError with the reason."""

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


def refuse_words(spec: ServerSpec, reasons: Mapping[str, str]) -> None:
    """Raise SpecError if `spec` uses one of the words in `reasons`: a word is refused, never dropped."""
    for word in CONCURRENCY_WORDS:
        if word in reasons and getattr(spec, word) is not None:
            raise SpecError(f"{spec.program}({word}={getattr(spec, word)!r}): {reasons[word]}")


def require_app(spec: ServerSpec) -> None:
    """Raise SpecError unless the app is written as "module:attribute"."""
    module, _, attribute = (spec.app or "").partition(":")
    if not module or not attribute or any(c.isspace() for c in spec.app or ""):
        raise SpecError(f"{spec.program}({spec.app!r}): write the app as 'package.module:attribute'")


def require_choice(spec: ServerSpec, word: str, choices: tuple[str, ...]) -> None:
    """Raise SpecError unless the word is absent or one of `choices`."""
    value = getattr(spec, word)
    if value is not None and value not in choices:
        raise SpecError(f"{spec.program}({word}={value!r}): {word} is one of {', '.join(choices)}")
