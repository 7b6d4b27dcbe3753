"""What was counted for one variant in one load call, beside its timed slots: frozen, and exact."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_asyncbench.errors import UnknownValue
from pytest_asyncbench.postgres.statements import StatementCount, queries, rows

NO_DATABASE = "the test has no PostgreSQL database of ours; add @pytest.mark.database(load=[...])"


@dataclass(frozen=True, slots=True)
class Counts:
    """One variant's counters.

    A fixed burst of `requests` answered requests, sent after a warm-up of the pool, made `statements` (None: they
    cannot be counted) and `connections` new connections, and read `rows_read` rows (None: not waited for).
    `connections_max` is the most that there were at once, `deadlocks` the number in the whole load call, with the
    statements that they ended. `lacks` says why something is None.
    """

    requests: int = 0
    statements: tuple[StatementCount, ...] | None = None
    connections: int | None = None
    rows_read: int | None = None
    connections_max: int | None = None
    deadlocks: int | None = None
    deadlocked: tuple[str, ...] = ()
    lacks: str = NO_DATABASE

    def queries_per_request(self) -> float:
        """Queries of the burst per request. Raises UnknownValue, as all of these."""
        return self._per_request(
            "queries_per_request", None if self.statements is None else queries(self.statements)
        )

    def rows_per_request(self) -> float:
        """Rows that the queries of the burst gave or changed, per request."""
        return self._per_request(
            "rows_per_request", None if self.statements is None else rows(self.statements)
        )

    def rows_read_per_request(self) -> float:
        """Rows that PostgreSQL read for the burst, per request."""
        return self._per_request("rows_read_per_request", self.rows_read)

    def connections_per_request(self) -> float:
        """New connections of the burst per request."""
        return self._per_request("connections_per_request", self.connections)

    def most_connections(self) -> float:
        """Most connections at once."""
        return self._known("connections_max", self.connections_max)

    def all_deadlocks(self) -> float:
        """Deadlocks of the whole load call."""
        return self._known("deadlocks", self.deadlocks)

    def _per_request(self, name: str, counted: int | None) -> float:
        known = self._known(name, counted)
        if not self.requests:
            raise UnknownValue(f"{name}: {self.lacks or 'no request of the burst was answered'}")
        return known / self.requests

    def _known(self, name: str, value: int | None) -> float:
        if value is None:
            raise UnknownValue(f"{name}: {self.lacks}")
        return float(value)
