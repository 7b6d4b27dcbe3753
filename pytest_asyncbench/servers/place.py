"""Where a server is launched: the interpreter, the port, and which version of the program is installed there."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.servers.flags import SINCE
from pytest_asyncbench.servers.ports import HOST


@dataclass(frozen=True, slots=True)
class Place:
    """What a program must know to write its command line.

    `distribution` is the package that brought the program, one of `Program.distributions`, and `version` what is
    installed of it ("" where that is not known).
    """

    python: str
    port: int
    distribution: str = ""
    version: str = ""
    host: str = HOST

    @property
    def address(self) -> str:
        """ "127.0.0.1:8000"."""
        return f"{self.host}:{self.port}"

    def has(self, program: str, flag: str) -> bool:
        """Whether the installed version of `program` has this flag; True where the version is not known."""
        since = SINCE.get(program, {}).get(flag)
        return not (since and self.version) or numbers(self.version) >= numbers(since)

    def require(self, program: str, flag: str, why: str) -> None:
        """Raise SpecError unless the installed version has `flag`, which `why` (a word as it was written) needs."""
        if not self.has(program, flag):
            since = SINCE[program][flag]
            raise SpecError(
                f"{program}({why}) needs {self.distribution} {since} or later for {flag}, "
                f"and {self.python} has {self.version}; pip install '{self.distribution}>={since}'"
            )


def numbers(version: str) -> tuple[int, ...]:
    """A version as numbers that can be compared: "25.1.0rc1" is (25, 1, 0)."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])
