"""Reads what PostgreSQL counts, of one database, over a connection to another one, which is therefore not counted."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_asyncbench.errors import PostgresError
from pytest_asyncbench.postgres.blank import STATEMENTS
from pytest_asyncbench.postgres.deadlocks import DeadlockLog
from pytest_asyncbench.postgres.statements import StatementCount

if TYPE_CHECKING:
    from pytest_asyncbench.postgres.cluster import Cluster

QUIET_LIMIT = 2.0
"""Seconds that transactions which were left open are waited for: the last query of one may not be counted yet."""
IDLE_FLUSH = 10.2
"""Seconds after which an idle backend has told all that it counted (PostgreSQL 15 and later: 10 s)."""
LOG_BYTES = 1 << 20
"""Read at once of the server's log."""

Activity = Mapping[tuple[str, str, str], int]
"""Backends by (state, type of what they wait for, what they wait for); "" where there is nothing."""


@dataclass(frozen=True, slots=True)
class DatabaseReading:
    """Counters of one database at one moment.

    `statements` by their key are counted at once, as are `sessions` (from 14 on; None before). `rows_read`, `active`
    and `idle_in_transaction` (seconds) are told by a backend at most once a second, by an idle one after ten.
    `forgotten` says how often pg_stat_statements had no room for a statement.
    """

    statements: Mapping[int, StatementCount] | None
    sessions: int | None
    backends: int
    rows_read: int
    deadlocks: int
    active: float = 0.0
    idle_in_transaction: float = 0.0
    forgotten: int = 0


class Observer:
    """The connection that a cluster's counters are read through; may be used by several threads.

    `statements` says why statements cannot be counted; empty if they can.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._lock = threading.RLock()
        self._own = None if cluster.is_ours else cluster.database(name_hint="counters")
        dbname = self._own.name if self._own else None
        self._connection = cluster.observe(dbname)
        self.pid: int = self._connection.info.backend_pid
        self.major = cluster.major
        self.most_connections = int(cluster.settings.get("max_connections", 0))
        self.lacks = self._why_no_statements()
        self._log_position = 0
        self._log = DeadlockLog()
        self._query = {name: text.encode() for name, text in _queries(self.major).items()}

    def close(self) -> None:
        """Close the connection; the cluster drops the database that it was made to."""
        self._connection.close()

    def read(self, dbname: str) -> DatabaseReading:
        """The counters of a database now."""
        with self._lock:
            found = self._rows("database", dbname)
            sessions, backends, rows_read, deadlocks, active, idle = found[0] if found else (0,) * 6
            if self.lacks:
                return DatabaseReading(None, sessions, backends, rows_read, deadlocks, active, idle)
            statements = {
                hash(row[:3]): StatementCount(row[3], *row[4:]) for row in self._rows("statements", dbname)
            }
            forgotten = self._connection.execute(self._query["forgotten"]).fetchone()
        return DatabaseReading(
            statements,
            sessions,
            backends,
            rows_read,
            deadlocks,
            active,
            idle,
            forgotten[0] if forgotten else 0,
        )

    def activity(self, dbname: str) -> Activity:
        """What the backends of a database are doing now."""
        with self._lock:
            return {(state, kind, event): n for state, kind, event, n in self._rows("activity", dbname)}

    def quiet(self, dbname: str, limit: float = QUIET_LIMIT) -> bool:
        """Wait until no transaction is open in a database; False if some still is."""
        until = time.monotonic() + limit
        while any(state != "idle" for state, _, _ in self.activity(dbname)):
            if time.monotonic() > until:
                return False
            time.sleep(0.005)
        return True

    def settled(self, dbname: str) -> bool:
        """Wait until every backend of a database has told all that it counted; False if it could not be waited for."""
        until = time.monotonic() + 2 * IDLE_FLUSH
        while time.monotonic() < until:
            with self._lock:
                youngest = self._rows("youngest", dbname)[0][0]
            if youngest is None or youngest > (IDLE_FLUSH if self.major >= 15 else 1.0):
                return True
            time.sleep(0.1)
        return False

    def deadlocks(self, dbname: str) -> tuple[int, tuple[str, ...]]:
        """How many deadlocks there were in a database since it was made, and the statements that they ended.

        Of our own server the log is read: it has them at once, PostgreSQL's counter up to ten seconds later.
        """
        with self._lock:
            path = self._cluster.log_path
            if path is None:
                return self.read(dbname).deadlocks, ()
            with contextlib.suppress(OSError), path.open("rb") as file:
                file.seek(self._log_position)
                while piece := file.read(LOG_BYTES):
                    self._log_position += len(piece)
                    self._log.feed(piece.decode(errors="replace"))
            told = self._log.statements[dbname]
            return len(told), tuple(told)

    def settings(self, dbname: str) -> tuple[str, ...]:
        """Settings that only this database has."""
        with self._lock:
            return tuple(sorted(row[0] for row in self._rows("settings", dbname)))

    def _rows(self, name: str, dbname: str) -> list[tuple[Any, ...]]:
        cursor = self._connection.execute(self._query[name], (dbname,), prepare=True)
        return cursor.fetchall()

    def _why_no_statements(self) -> str:
        from pytest_asyncbench.postgres.address import load_psycopg

        try:
            self._connection.execute(f"CREATE EXTENSION IF NOT EXISTS {STATEMENTS}".encode())
            self._connection.execute(f"SELECT 1 FROM {STATEMENTS} LIMIT 1".encode())
            track = self._connection.execute(f"SHOW {STATEMENTS}.track".encode()).fetchone()
        except load_psycopg().Error as error:
            return f"{STATEMENTS} cannot be used on this server: {str(error).splitlines()[0]}"
        if track and track[0] == "none":
            return f"{STATEMENTS}.track is none on this server"
        return ""


def _queries(major: int) -> dict[str, str]:
    """The statements that read the counters of a version."""
    sessions = "sessions, numbackends" if major >= 14 else "NULL, numbackends"
    times = "active_time / 1000, idle_in_transaction_time / 1000" if major >= 14 else "0.0, 0.0"
    top = "AND toplevel" if major >= 14 else ""
    return {
        "database": f"SELECT {sessions}, tup_returned, deadlocks, {times} FROM pg_stat_database WHERE datname = %s",
        "statements": (
            f"SELECT queryid, userid::int8, dbid::int8, query, calls, rows, total_exec_time / 1000 FROM {STATEMENTS} "
            f"WHERE dbid = (SELECT oid FROM pg_database WHERE datname = %s) {top}"
        ),
        "forgotten": f"SELECT dealloc FROM {STATEMENTS}_info" if major >= 14 else "SELECT 0",
        "activity": (
            "SELECT coalesce(state, ''), coalesce(wait_event_type, ''), coalesce(wait_event, ''), count(*) "
            "FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend' GROUP BY 1, 2, 3"
        ),
        "youngest": (
            "SELECT min(extract(epoch FROM clock_timestamp() - state_change))::float8 "
            "FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
        ),
        "settings": (
            "SELECT unnest(setconfig) FROM pg_db_role_setting "
            "WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = %s)"
        ),
    }


class ActivitySampler:
    """Looks at a database's backends again and again, in a thread; a context manager.

    `sums` adds up the backends of all looks by what they did, `looks` is their number, `most` the most at once.
    """

    def __init__(self, look: Callable[[], Activity], every: float) -> None:
        self.sums: Counter[tuple[str, str, str]] = Counter()
        self.looks = 0
        self.most = 0
        self._look = look
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="asyncbench-activity", daemon=True)

    def __enter__(self) -> ActivitySampler:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        from pytest_asyncbench.postgres.address import load_psycopg

        while not self._over.wait(self._every):
            try:
                seen = self._look()
            except (load_psycopg().Error, PostgresError):  # the server has gone; whoever needs it will say so
                return
            self.sums.update(seen)
            self.looks += 1
            self.most = max(self.most, sum(seen.values()))


def peak(sampler: ActivitySampler, readings: Sequence[DatabaseReading]) -> int:
    """The most connections that were seen at once."""
    return max([sampler.most, *(reading.backends for reading in readings)])
