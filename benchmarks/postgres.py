"""How long PostgreSQL takes here: medians in ms of every source that there is.

    python benchmarks/postgres.py [ROUNDS]

cold: nothing cached, until the first query could be sent; warm: from the cached cluster; first: the first clone of
an empty template; clone, drop: of a small loaded one; stop: until no process and no directory is left. What is
imported once (psycopg) is not counted. Targets on a quiet machine: warm 300, cold 1000, clone 50.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pytest_asyncbench.errors import PostgresError
from pytest_asyncbench.postgres import Cluster, provide, validate_load
from pytest_asyncbench.postgres.binaries import find

T = TypeVar("T")
ROUNDS = 9
CLONES = 5
COLUMNS = ("cold", "warm", "first", "clone", "drop", "stop")
SCHEMA = """
CREATE TABLE authors (id serial PRIMARY KEY, name text);
CREATE TABLE quotes (id serial PRIMARY KEY, author_id int REFERENCES authors, text text);
INSERT INTO authors (name) SELECT 'author ' || i FROM generate_series(1, 100) i;
INSERT INTO quotes (author_id, text) SELECT 1 + i % 100, repeat('quote ', 20) FROM generate_series(1, 1000) i;
"""


class Stopwatch:
    """Collects durations by name."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = {name: [] for name in COLUMNS}

    def measure(self, name: str, call: Callable[[], T]) -> T:
        before = time.perf_counter()
        result = call()
        self.times[name].append((time.perf_counter() - before) * 1e3)
        return result


def one_round(watch: Stopwatch, start: Callable[[], Cluster], kind: str, schema: Path) -> None:
    """Start, clone, drop, stop."""
    cluster = watch.measure(kind, start)
    watch.measure("first", cluster.database).drop()
    template = cluster.template(validate_load([schema], schema.parent))
    for _ in range(CLONES):
        database = watch.measure("clone", lambda: cluster.database(template))
        watch.measure("drop", database.drop)
    watch.measure("stop", cluster.close)


def benchmark(choice: str, profile: str, rounds: int, schema: Path) -> dict[str, float]:
    """The medians for one source and profile."""
    watch = Stopwatch()
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as cache:
            os.environ["XDG_CACHE_HOME"] = cache
            one_round(watch, lambda: provide(choice, profile), "cold", schema)
            one_round(watch, lambda: provide(choice, profile), "warm", schema)
    return {name: statistics.median(times) for name, times in watch.times.items()}


def main(rounds: int) -> None:
    """Print a table, one row per source and profile."""
    sys.stdout.write(f"{'':26}" + "".join(f"{name:>8}" for name in COLUMNS) + "\n")
    with tempfile.TemporaryDirectory() as directory:
        schema = Path(directory) / "schema.sql"
        schema.write_text(SCHEMA)
        for choice in ("system", "embedded"):
            try:
                version = find(choice)[0].version
            except PostgresError:
                continue
            for profile in ("fast", "durable"):
                medians = benchmark(choice, profile, rounds, schema)
                row = "".join(f"{medians[name]:8.0f}" for name in COLUMNS)
                sys.stdout.write(f"{choice + ' ' + version + ' ' + profile:26}{row}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
