"""What counts as a query: what somebody who writes a view counts, not everything that goes over the wire. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_COMMENTS = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/|;)+", re.DOTALL)
_FIRST_WORD = re.compile(r"[a-z]+", re.IGNORECASE)

TRANSACTION = ("begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release")
SESSION = ("set", "reset", "show", "discard", "deallocate", "listen", "unlisten", "checkpoint", "load")
CURSOR = ("fetch", "move", "close")
"""Parts of one query that is read through a cursor: its DECLARE is counted."""
NO_QUERIES = frozenset((*TRANSACTION, *SESSION, *CURSOR))
"""First words of statements that are no queries."""

PROBES = re.compile(
    r"pg_catalog\s*\.|\bpg_(?:type|range|class|namespace|attribute|enum|extension|settings)\b|\bto_reg[a-z]+\s*\("
    r"|^prepare\s+transaction\b|^select\s+(?:set_config|current_setting|current_schema|current_database|version)\s*\(",
    re.IGNORECASE,
)
"""What drivers ask a new connection: types, version, schema, settings. It is part of connecting."""


@dataclass(frozen=True, slots=True)
class StatementCount:
    """A statement as PostgreSQL normalises it, how often it ran, how many rows it gave or changed, and how long it
    took in all, in seconds."""

    text: str
    calls: int
    rows: int
    seconds: float

    @property
    def is_query(self) -> bool:
        """Whether it is counted as a query."""
        return is_query(self.text)


def is_query(text: str) -> bool:
    """Whether a statement is a query in the sense of `queries_per_request`.

    Transaction control (BEGIN, COMMIT, ROLLBACK, savepoints), the session's settings (SET, SHOW, RESET, DISCARD),
    and what drivers ask the catalogue for on a new connection are none. A query that is read through a server-side
    cursor is one, however often it is fetched from. A pool's liveness check (`SELECT 1`) is one: it is a round trip.
    """
    bare = without_comments(text)
    word = _FIRST_WORD.match(bare)
    return word is not None and word[0].lower() not in NO_QUERIES and not PROBES.search(bare)


def without_comments(text: str) -> str:
    """A statement from its first word on: tools put comments before it."""
    start = _COMMENTS.match(text)
    return text[start.end() :] if start else text


def between(
    before: Mapping[int, StatementCount], after: Mapping[int, StatementCount]
) -> list[StatementCount]:
    """What ran between two readings, by text, the most frequent first."""
    found: dict[str, StatementCount] = {}
    for key, now in after.items():
        then = before.get(key)
        calls = now.calls - then.calls if then else now.calls
        if calls <= 0 and not (then and now.rows > then.rows):
            continue
        rows = now.rows - (then.rows if then else 0)
        seconds = now.seconds - (then.seconds if then else 0.0)
        old = found.get(now.text, StatementCount(now.text, 0, 0, 0.0))
        found[now.text] = StatementCount(now.text, old.calls + calls, old.rows + rows, old.seconds + seconds)
    return sorted(found.values(), key=lambda each: -each.calls)


def queries(statements: Iterable[StatementCount]) -> int:
    """How many queries ran."""
    return sum(each.calls for each in statements if each.is_query)


def rows(statements: Iterable[StatementCount]) -> int:
    """How many rows queries gave or changed, those fetched from cursors included."""
    return sum(each.rows for each in statements if is_query(each.text) or _fetches(each.text))


def _fetches(text: str) -> bool:
    return without_comments(text)[:5].lower() == "fetch"
