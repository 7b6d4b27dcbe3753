"""What must not stand in a report: passwords, tokens, keys. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote

SECRET = re.compile(r"pass|secret|token|key|credential|auth|cookie", re.IGNORECASE)
"""Variables whose names say that their values are secret."""
FLAG = re.compile(
    r"--?[\w-]*(pass(word|wd|phrase)?|secret(-key)?|token|api-?key|credentials?)", re.IGNORECASE
)
"""Options of a command line that are followed by a secret. `--ssl-keyfile` is followed by a path."""
HIDDEN = "(not kept)"
SHORTEST = 6
"""Characters from which on a known secret is looked for inside of other texts: a shorter one is in many of them."""


def masked_environment(given: Mapping[str, str], secrets: Iterable[str] = ()) -> dict[str, str]:
    """Variables as a report has them."""
    known = known_secrets(given, secrets)
    return {name: HIDDEN if SECRET.search(name) else masked_text(held, known) for name, held in given.items()}


def masked_command(argv: Sequence[str], secrets: Iterable[str] = ()) -> tuple[str, ...]:
    """A command line as a report has it."""
    found: list[str] = []
    for part in argv:
        flag, sign, _ = part.partition("=")
        if found and FLAG.fullmatch(found[-1]) and not part.startswith("-"):
            found.append(HIDDEN)
        elif sign and FLAG.fullmatch(flag):
            found.append(f"{flag}={HIDDEN}")
        else:
            found.append(masked_text(part, secrets))
    return tuple(found)


def known_secrets(given: Mapping[str, str], secrets: Iterable[str] = ()) -> tuple[str, ...]:
    """The secrets that are known by the names of variables, and those given: the longest first."""
    told = {held for name, held in given.items() if SECRET.search(name)} | set(secrets)
    ways = {way for held in told if len(held) >= SHORTEST for way in (held, quote(held, safe=""))}
    return tuple(sorted(ways, key=lambda way: (-len(way), way)))


def masked_text(value: str, secrets: Iterable[str] = ()) -> str:
    """A text without the passwords in addresses, and without these secrets."""
    value = re.sub(r"(://[^:/@\s]*):[^@/\s]*@", r"\1:...@", value)
    value = re.sub(r"(?i)(password\s*=\s*)('[^']*'|[^\s&]+)", r"\1...", value)
    for secret in secrets:
        value = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", HIDDEN, value)
    return value
