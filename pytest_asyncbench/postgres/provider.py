"""From what the user chose to a server that answers."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType

from pytest_asyncbench.errors import PostgresError
from pytest_asyncbench.postgres import existing, profiles, server
from pytest_asyncbench.postgres.account import DEFAULT_USER, Account, choose_account, usable
from pytest_asyncbench.postgres.address import load_psycopg
from pytest_asyncbench.postgres.binaries import Installation, find, nothing_found
from pytest_asyncbench.postgres.blank import STATEMENTS, Blank
from pytest_asyncbench.postgres.cluster import Cluster
from pytest_asyncbench.postgres.sweep import sweep

CHOICES = ("auto", "system", "embedded")
NOTHING: Mapping[str, object] = MappingProxyType({})


def provide(
    choice: str = "auto",
    profile: str = "fast",
    settings: Mapping[str, object] = NOTHING,
    *,
    user: str = DEFAULT_USER,
) -> Cluster:
    """Start PostgreSQL, or connect to the one that is named.

    `choice`: "auto" (the system's, newest first, then a wheel's), "system", "embedded", or a DSN. `settings`
    override the profile's. `user` runs the server when we are root. Raises PostgresError with remedies, SpecError
    for a profile or a setting that there is not.
    """
    configured = profiles.cluster_settings(profile, settings, ())
    load_psycopg()
    if choice not in CHOICES:
        return existing.connect(choice, settings)
    account = choose_account(user)
    _sweep_once(account)
    original, installation = _first_usable(choice, account)
    statements = original.has_library(STATEMENTS)
    blank = Blank(installation, original, account, profile == "durable", statements)
    running = server.start(blank, profile, settings)
    cluster = Cluster(
        running.address,
        source=original.source,
        profile=profile,
        server=running,
        given={**configured, **settings},
        psql=original.program("psql") if (original.bindir / "psql").exists() else None,
    )
    cluster.missing = () if statements else (_no_library(original),)
    return cluster


@functools.cache
def _sweep_once(account: Account | None) -> None:
    sweep(account)


def _first_usable(choice: str, account: Account | None) -> tuple[Installation, Installation]:
    """The first installation that the account can run; as found, and as it can be run."""
    reasons = []
    for installation in find(choice):
        try:
            return installation, usable(installation, account)
        except PostgresError as error:
            reasons.append(str(error))
    raise PostgresError(nothing_found(choice, "; ".join(reasons)))


def _no_library(installation: Installation) -> str:
    return (
        f"{installation} has no {STATEMENTS} library: queries and rows per request are unknown; "
        "install its contrib package (postgresql-contrib), or use --asyncbench-postgres=embedded"
    )
