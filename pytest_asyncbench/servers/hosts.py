"""Host names that an app has written down, and where they lead for one server alone.

The server sees a copy of /etc/hosts with these names in it: a mount of its own, which nobody else sees and which ends
with it.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Mapping
from pathlib import Path

from pytest_asyncbench.errors import SpecError

FILE = Path("/etc/hosts")
_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")


def host_names(program: str, given: object) -> tuple[tuple[str, str], ...]:
    """The word `hosts` as a spec holds it. Raises SpecError for what are no host names."""
    if not isinstance(given, Mapping | tuple):
        raise SpecError(
            f"{program}(hosts={given!r}): write a mapping, e.g. hosts={{'db': '{{database.host}}'}}"
        )
    pairs = dict(given)
    for name, place in pairs.items():
        if not (isinstance(name, str) and _NAME.fullmatch(name)):
            raise SpecError(f"{program}(hosts=...): {name!r} is no host name")
        if not isinstance(place, str) or not place:
            raise SpecError(
                f"{program}(hosts={{{name!r}: {place!r}}}): write an address, a name or a placeholder"
            )
    return tuple(sorted(pairs.items()))


def write_copy(directory: Path, hosts: Mapping[str, str]) -> Path:
    """A copy of /etc/hosts in `directory`, with `hosts` (name -> address or name) in it. Raises SpecError."""
    lines = [f"{address(name, place)}\t{name}" for name, place in hosts.items()]
    others = without(FILE.read_text(errors="surrogateescape"), set(hosts)) if FILE.exists() else ""
    path = directory / "hosts"
    path.write_text("\n".join(lines) + "\n" + others, errors="surrogateescape")
    path.chmod(0o644)
    return path


def without(text: str, names: set[str]) -> str:
    """The text of a hosts file without these names: a resolver may put together what stands in several lines."""
    kept = []
    for line in text.splitlines():
        fields, comment, _ = line.partition("#")
        where, *known = fields.split() or [""]
        left = [name for name in known if name not in names]
        if len(left) == len(known):
            kept.append(line)
        elif left:
            kept.append("\t".join([where, *left]) + (f" {comment}" if comment else ""))
    return "".join(f"{line}\n" for line in kept)


def address(name: str, place: str) -> str:
    """The address of `place`, which may be a name. Raises SpecError if it has none."""
    if place.startswith("/"):
        raise SpecError(
            f"hosts={{{name!r}: ...}}: {place} is the directory of a Unix socket, and a host name leads to an address; "
            "use a PostgreSQL that listens on TCP"
        )
    try:
        return str(ipaddress.ip_address(place))
    except ValueError:
        pass
    try:
        return str(socket.getaddrinfo(place, None)[0][4][0])
    except OSError as error:
        raise SpecError(f"hosts={{{name!r}: {place!r}}}: {place} has no address ({error})") from None
