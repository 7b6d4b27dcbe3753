"""Reads what PostgreSQL counts, of one database, over a connection to another one, which is therefore not counted."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from pytest_asyncbench.errors import PostgresError
from pytest_asyncbench.postgres.blank import STATEMENTS
from pytest_asyncbench.postgres.deadlocks import DeadlockLog
from pytest_asyncbench.postgres.names import quote_identifier
from pytest_asyncbench.postgres.statements import StatementCount

if TYPE_CHECKING:
    import psycopg

    from pytest_asyncbench.postgres.cluster import Cluster

QUIET_LIMIT = 2.0
"""Seconds that transactions which were left open are waited for: the last query of one may not be counted yet."""
IDLE_FLUSH = 10.2
"""Seconds after which an idle backend has told all that it counted (PostgreSQL 15 and later: 10 s)."""
LOG_BYTES = 1 << 20
"""Read at once of the server's log."""

PLACE = b"SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = %s"
"""The schema that an extension is in, which need not be on the search path."""
HIDDEN = "<insufficient privilege>"
"""What pg_stat_statements has in the place of another role's statement."""

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

    `lacks` says why statements cannot be counted; empty if they can.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._lock = threading.RLock()
        self._own = None if cluster.is_ours else cluster.database(name_hint="counters")
        self._connection = cluster.observe(self._own.name if self._own else None)
        self.pid: int = self._connection.info.backend_pid
        self.major = cluster.major
        self.most_connections = int(cluster.settings.get("max_connections", 0))
        self.lacks = why_no_statements(self._connection, make=True)
        if self.lacks and self._own:
            self._use_theirs()
        self._counts_statements = not self.lacks
        self._log_position = 0
        self._log = DeadlockLog()
        self._query = {name: text.encode() for name, text in _queries(self.major).items()}

    def close(self) -> None:
        """Close the connection; the cluster drops the database that it was made to."""
        self._connection.close()

    def _use_theirs(self) -> None:
        """Whoever may not make the extension uses the one in the database that was named, if somebody made it there.

        It tells of all databases alike.
        """
        theirs = self._cluster.observe(None)
        if why_no_statements(theirs, make=False):
            theirs.close()
            self.lacks += (
                f"; a superuser can run CREATE EXTENSION {STATEMENTS} in {self._cluster.maintenance_dbname!r}"
            )
            return
        self._connection.close()
        self._connection, self.lacks = theirs, ""
        self.pid = theirs.info.backend_pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Close it, and drop the database that it was made in."""
        self.close()
        if self._own is not None:
            self._own.drop()

    def read(self, dbname: str) -> DatabaseReading:
        """The counters of a database now."""
        with self._lock:
            found = self._rows("database", dbname)
            sessions, backends, rows_read, deadlocks, active, idle = found[0] if found else (0,) * 6
            if not self._counts_statements:
                return DatabaseReading(None, sessions, backends, rows_read, deadlocks, active, idle)
            found = self._rows("statements", dbname)
            self.lacks = self._hidden() if any(row[3] == HIDDEN for row in found) else ""
            if self.lacks:
                return DatabaseReading(None, sessions, backends, rows_read, deadlocks, active, idle)
            statements = {hash(row[:3]): StatementCount(row[3], *row[4:]) for row in found}
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

    def _hidden(self) -> str:
        who = quote_identifier(self._cluster.user)
        return (
            f"the server connects as another role, whose statements {self._cluster.user!r} may not see; "
            f"a superuser can run GRANT pg_read_all_stats TO {who}"
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


def why_no_statements(connection: psycopg.Connection[Any], *, make: bool) -> str:
    """Why statements cannot be counted over this connection; empty if they can. `make`: try to make the extension."""
    from pytest_asyncbench.postgres.address import load_psycopg

    psycopg = load_psycopg()
    try:
        if make:
            connection.execute(f"CREATE EXTENSION IF NOT EXISTS {STATEMENTS}".encode())
        place = connection.execute(PLACE, (STATEMENTS,)).fetchone()
        if place is None:
            return f"there is no {STATEMENTS} in {connection.info.dbname!r}"
        connection.execute(b"SELECT set_config('search_path', %s, false)", place)
        connection.execute(f"SELECT 1 FROM {STATEMENTS} LIMIT 1".encode())
        track = connection.execute(f"SHOW {STATEMENTS}.track".encode()).fetchone()
    except psycopg.errors.ObjectNotInPrerequisiteState as error:
        return f"{_cannot(error)}; add it to shared_preload_libraries, and restart the server"
    except psycopg.Error as error:
        return _cannot(error)
    if track and track[0] == "none":
        return f"{STATEMENTS}.track is none on this server; ALTER SYSTEM SET {STATEMENTS}.track = 'top'"
    return ""


def _cannot(error: Exception) -> str:
    return f"{STATEMENTS} cannot be used on this server: {str(error).splitlines()[0]}"


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
