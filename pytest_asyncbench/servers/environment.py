"""The environment of a server: pytest's own, without what pytest and its plugins put there."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

LEAKS = re.compile(
    r"COV_CORE_.*|COVERAGE_.*|PYTEST_.*|PYTHONASYNCIODEBUG|PYTHONDEVMODE|PYTHONTRACEMALLOC|PYTHONFAULTHANDLER"
    r"|PYTHONWARNINGS|PYTHONPROFILEIMPORTTIME|PYTHONBREAKPOINT|PYTHONINSPECT|TOX_.*"
    r"|PYTHONMALLOC|PYTHONMALLOCSTATS|PYTHONDUMPREFS|PYTHONVERBOSE|PYTHONDEBUG|PYTHONPERFSUPPORT"
    r"|PYTHON_PERF_JIT_SUPPORT"
    r"|GRANIAN_.*|GUNICORN_CMD_ARGS|UVICORN_.*|UWSGI_.*|WEB_CONCURRENCY|GEVENT_.*|LIBEV_FLAGS"
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


OF_THE_INTERPRETER = ("PYTHONHOME", "__PYVENV_LAUNCHER__")
"""What describes the interpreter that pytest runs on, and would mislead another one."""


def with_interpreter(environment: Mapping[str, str], python: str) -> dict[str, str]:
    """`environment` as it is when the virtual environment of `python` is activated, if it is in one."""
    kept = {name: value for name, value in environment.items() if name not in OF_THE_INTERPRETER}
    directory = Path(python).parent
    if not (directory.parent / "pyvenv.cfg").is_file():
        return kept
    path = os.pathsep.join([str(directory), *filter(None, [kept.get("PATH")])])
    return {**kept, "VIRTUAL_ENV": str(directory.parent), "PATH": path}


def with_database(
    environment: Mapping[str, str], database: Mapping[str, str], variant: str
) -> dict[str, str]:
    """`environment` pointed at the test's own database; PGAPPNAME tells the variants apart in the counters."""
    kept = {name: value for name, value in environment.items() if name not in DATABASE}
    return {**kept, **database, "PGAPPNAME": variant}
