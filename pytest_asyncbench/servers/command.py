"""Any other program, by its command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.servers.placeholders import mentioned
from pytest_asyncbench.servers.programs import Program
from pytest_asyncbench.servers.spec import CONCURRENCY_WORDS
from pytest_asyncbench.servers.words import refuse_words

if TYPE_CHECKING:
    from pytest_asyncbench.servers.place import Place
    from pytest_asyncbench.servers.spec import ServerSpec

REASON = "a command says this in its own arguments"


class CommandLine(Program):
    """A program that must listen on 127.0.0.1 at the port given by `{port}` (or a fixed `port=`), or at `{socket}`."""

    def check(self, spec: ServerSpec) -> None:
        refuse_words(spec, dict.fromkeys(CONCURRENCY_WORDS, REASON))
        if not spec.argv:
            raise SpecError(
                "command([...]): write the program and its arguments, e.g. ['{python}', '-m', 'app', '{port}']"
            )
        if not mentioned(spec) & {"port", "socket"} and spec.port is None:
            raise SpecError(
                f"command({list(spec.argv)}): the program is not told its port; "
                "use {port} in an argument or in env, or port=; or {socket}, the path of a Unix socket"
            )

    def argv(self, spec: ServerSpec, place: Place) -> list[str]:
        return [*spec.argv, *spec.args]

    def mode(self, spec: ServerSpec) -> str:
        return "command"
