"""How a server was launched: what a result must tell, so that somebody else can launch the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pytest_asyncbench.masking import known_secrets, masked_command, masked_environment
from pytest_asyncbench.servers.installed import MATTERS


@dataclass(frozen=True, slots=True)
class Launched:
    """One launch, with every placeholder filled in and without secrets.

    `env` are the variables that the spec and this plugin have set, beside which the server inherited those of pytest.
    `python` is the interpreter that it runs on; empty where nobody knows that there is one. `asked_with` is what an
    answer of that interpreter depends on.
    """

    command: tuple[str, ...]
    cwd: str
    env: Mapping[str, str]
    python: str = ""
    asked_with: tuple[tuple[str, str], ...] = field(default=(), repr=False)


def launched(
    command: Iterable[str],
    cwd: str,
    env: Mapping[str, str],
    inherited: Mapping[str, str],
    *,
    python: str = "",
    secrets: Iterable[str] = (),
) -> Launched:
    """A launch in the whole environment `env`, of which `inherited` was pytest's; `secrets` are masked anywhere."""
    own = {name: text for name, text in env.items() if inherited.get(name) != text}
    hidden = known_secrets(own, secrets)
    return Launched(
        masked_command(tuple(command), hidden),
        cwd,
        dict(sorted(masked_environment(own, hidden).items())),
        python,
        tuple(sorted(pair for pair in env.items() if MATTERS.fullmatch(pair[0]))),
    )
