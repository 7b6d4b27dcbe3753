"""How a cluster is set: the profiles, and postgresql.conf. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.postgres.deadlocks import PREFIX

COMMON: dict[str, object] = {
    "listen_addresses": "127.0.0.1",
    "max_connections": 200,
    "password_encryption": "scram-sha-256",
    "jit": False,  # compiling adds 100 ms to a query when the planner thinks that it is expensive
    "track_io_timing": True,
    "track_activity_query_size": 4096,
    "TimeZone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_line_prefix": PREFIX,  # deadlocks are read from the log, of each database its own
    "log_checkpoints": False,
    "autovacuum": False,  # loaded databases are vacuumed once, before they are cloned
    "checkpoint_timeout": "1h",
    "max_wal_size": "4GB",
    "wal_level": "minimal",
}
SAFETY = ("fsync", "full_page_writes", "synchronous_commit")
"""What tells the profiles apart: `fast` does without, `durable` has all three."""
PROFILES = ("fast", "durable")
OURS = ("listen_addresses", "port", "unix_socket_directories", "data_directory", "hba_file")
"""Settings that cannot be given: where the server is, is ours to say."""
REPORTED = (
    "max_connections",
    "shared_buffers",
    "work_mem",
    "effective_cache_size",
    "random_page_cost",
    "max_parallel_workers_per_gather",
    "max_worker_processes",
    *SAFETY,
    "autovacuum",
    "checkpoint_timeout",
    "max_wal_size",
    "wal_level",
    "jit",
    "track_io_timing",
    "data_checksums",
    "shared_preload_libraries",
    "default_transaction_isolation",
    "server_encoding",
    "TimeZone",
)
"""Settings that can change a measurement: asked of the live server, kept with every result."""


def check_settings(settings: Mapping[str, object]) -> None:
    """Raises SpecError for a name that is none, or that is ours."""
    for name in settings:
        if not re.fullmatch(r"[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*)?", name):
            raise SpecError(f"not the name of a PostgreSQL setting: {name!r}")
        if name.lower() in OURS:
            raise SpecError(f"the PostgreSQL setting {name!r} cannot be given: it is chosen at every start")


def cluster_settings(
    profile: str, given: Mapping[str, object], preload: tuple[str, ...]
) -> dict[str, object]:
    """All settings of a cluster: the profile's, then the given ones; `preload` is always loaded.

    Raises SpecError for an unknown profile or a setting that cannot be given.
    """
    if profile not in PROFILES:
        raise SpecError(f"no such PostgreSQL profile: {profile!r}; there are {' and '.join(PROFILES)}")
    check_settings(given)
    settings = {**COMMON, **dict.fromkeys(SAFETY, profile == "durable")}
    lower = {name.lower(): name for name in settings}
    settings |= {lower.get(name.lower(), name): value for name, value in given.items()}
    asked = [name.strip() for name in str(settings.get("shared_preload_libraries", "")).split(",")]
    settings["shared_preload_libraries"] = ",".join(dict.fromkeys([*filter(None, asked), *preload]))
    if settings["wal_level"] == "minimal":
        settings.setdefault("max_wal_senders", 0)  # the server does not start otherwise
    return settings


def configuration(settings: Mapping[str, object]) -> str:
    """The text of postgresql.conf."""
    return "".join(f"{name} = {_quoted(value)}\n" for name, value in settings.items())


def _quoted(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    text = str(value).replace("\\", "\\\\").replace("'", "''")
    if "\n" in text or "\0" in text:
        raise SpecError(f"a PostgreSQL setting is one line: {value!r}")
    return f"'{text}'"
