"""Names of databases and roles: what PostgreSQL takes, and how it is quoted. Pure."""

from __future__ import annotations

import re
import secrets

MAX_BYTES = 63
"""PostgreSQL cuts identifiers off here (NAMEDATALEN - 1): two long names could become one."""
PREFIX = "asyncbench"


def quote_identifier(name: str) -> str:
    """`name` as an SQL identifier. Raises ValueError for what PostgreSQL cannot take as one."""
    if not name or "\0" in name:
        raise ValueError(f"not a name for PostgreSQL: {name!r}")
    return '"' + name.replace('"', '""') + '"'


def quote_literal(value: str) -> str:
    """`value` as an SQL string literal, whatever `standard_conforming_strings` says."""
    if "\0" in value:
        raise ValueError("a string for PostgreSQL cannot hold a zero byte")
    quoted = "'" + value.replace("'", "''").replace("\\", "\\\\") + "'"
    return " E" + quoted if "\\" in value else quoted


def run_prefix() -> str:
    """What the databases of one run start with: another run's are never touched."""
    return f"{PREFIX}_{secrets.token_hex(4)}"


def database_name(prefix: str, hint: str, number: int) -> str:
    """A plain lower-case name that holds as much of `hint` as there is room for.

    Different numbers give different names under one prefix; the name needs no quoting and fits into 63 bytes.
    """
    tail = f"_{number}"
    words = re.sub(r"[^a-z0-9]+", "_", hint.lower()).strip("_") or "db"
    return prefix + "_" + words[: MAX_BYTES - len(prefix) - 1 - len(tail)] + tail
