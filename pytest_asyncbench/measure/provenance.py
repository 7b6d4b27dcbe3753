"""Where figures come from, beside the plan and the specs: how servers were launched, and with which PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from pytest_asyncbench.servers.launched import Launched
from pytest_asyncbench.servers.software import Software, software_of

if TYPE_CHECKING:
    from pytest_asyncbench.measure.subject import Subject


@dataclass(frozen=True, slots=True)
class PostgreSQL:
    """The PostgreSQL of a test's databases.

    `source` is system, embedded, dsn or pytest-postgresql. `settings` are those that were set, and others that can
    change a measurement, as the server itself tells them; `lacks` says what cannot be counted there, and why.
    """

    version: str
    source: str
    profile: str
    settings: Mapping[str, str]
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Commit:
    """A git revision: `name` as the user wrote it."""

    name: str
    commit: str


@dataclass(frozen=True, slots=True)
class Server:
    """One variant's server: its launch, and what it ran on."""

    launched: Launched
    software: Software


@dataclass(frozen=True, slots=True)
class Provenance:
    """What is known of the servers of a load call by its variants, of those that were started here.

    `revisions` has the variants that belong to another git revision.
    """

    servers: Mapping[str, Server] = field(default_factory=dict)
    postgresql: PostgreSQL | None = None
    revisions: Mapping[str, Commit] = field(default_factory=dict)


def provenance_of(
    subjects: Iterable[Subject],
    postgresql: PostgreSQL | None,
    revisions: Mapping[str, Commit] = MappingProxyType({}),
) -> Provenance:
    """What is known of these variants; the interpreters of their servers are asked, each once."""
    servers = {
        subject.variant: Server(subject.launched, software_of(subject.launched))
        for subject in subjects
        if subject.launched is not None
    }
    return Provenance(servers, postgresql, revisions)
