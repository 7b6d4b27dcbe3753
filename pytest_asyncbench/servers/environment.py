"""The environment of a server: pytest's own, without what pytest and its plugins put there."""

from __future__ import annotations

import re
from collections.abc import Mapping

LEAKS = re.compile(
    r"COV_CORE_.*|COVERAGE_.*|PYTEST_.*|PYTHONASYNCIODEBUG|PYTHONDEVMODE|PYTHONTRACEMALLOC|PYTHONFAULTHANDLER"
    r"|PYTHONWARNINGS|PYTHONPROFILEIMPORTTIME|PYTHONBREAKPOINT|PYTHONINSPECT|TOX_.*"
    r"|GRANIAN_.*|GUNICORN_CMD_ARGS|UVICORN_.*|WEB_CONCURRENCY"
)
"""Variables that change how fast or how a server runs and that nobody set for it: coverage, debug modes, pytest's
own, and the servers' own settings, which would change a spec unseen. A spec that wants one says so in `env`."""

DATABASE = (
    "DATABASE_URL",
    "PGHOST",
    "PGPORT",
    "PGUSER",
    "PGPASSWORD",
    "PGDATABASE",
    "PGSERVICE",
    "PGOPTIONS",
)
"""Where a server finds its database: not inherited by a server whose test has a database of its own."""


def clean(environment: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The environment that a server inherits, and the names of what was cleared from it."""
    cleared = tuple(sorted(name for name in environment if LEAKS.fullmatch(name)))
    return {name: value for name, value in environment.items() if name not in cleared}, cleared


def with_database(
    environment: Mapping[str, str], database: Mapping[str, str], variant: str
) -> dict[str, str]:
    """`environment` pointed at the test's own database; PGAPPNAME tells the variants apart in the counters."""
    kept = {name: value for name, value in environment.items() if name not in DATABASE}
    return {**kept, **database, "PGAPPNAME": variant}
