"""Counters of one database, read from another: nothing of our own is in them."""

from __future__ import annotations

import threading
import time

import pytest

from pytest_asyncbench.postgres.counters import ActivitySampler
from pytest_asyncbench.postgres.statements import between, queries, rows


@pytest.fixture
def database(cluster):
    with cluster.database(name_hint="counted") as database:
        with database.connect(autocommit=True) as connection:
            connection.execute("CREATE TABLE t AS SELECT generate_series(1, 10) AS i")
        yield database


def test_statements_rows_and_connections_are_counted_at_once(cluster, database):
    observer = cluster.observer()
    before = observer.read(database.name)
    for _ in range(20):
        with database.connect() as connection:
            connection.execute("SELECT i FROM t WHERE i <= %s", (3,))
            connection.execute("UPDATE t SET i = i WHERE i = 1")
    assert observer.quiet(database.name)
    after = observer.read(database.name)
    ran = between(before.statements, after.statements)
    assert (queries(ran), rows(ran)) == (40, 80)
    assert after.sessions - before.sessions == 20
    assert {each.text for each in ran if not each.is_query} == {"BEGIN", "COMMIT"}


def test_looking_is_not_counted(cluster, database):
    observer = cluster.observer()
    before = observer.read(database.name)
    for _ in range(50):
        observer.activity(database.name)
        observer.read(database.name)
    after = observer.read(database.name)
    assert between(before.statements, after.statements) == []
    assert after.sessions == before.sessions


def test_the_last_query_of_an_open_transaction_is_waited_for(cluster, database):
    observer = cluster.observer()
    before = observer.read(database.name)
    with database.connect() as connection:
        connection.execute("SELECT i FROM t WHERE i = %s", (1,))
        ending = threading.Timer(0.2, connection.commit)
        ending.start()
        assert not observer.quiet(database.name, limit=0.0)
        assert observer.quiet(database.name, limit=30.0)
        ending.join()
    assert queries(between(before.statements, observer.read(database.name).statements)) == 1


def test_backends_are_seen_with_what_they_wait_for(cluster, database):
    observer = cluster.observer()
    with database.connect() as holder, database.connect() as waiter:
        holder.execute("UPDATE t SET i = i WHERE i = 1")
        waiting = threading.Thread(target=waiter.execute, args=("UPDATE t SET i = i WHERE i = 1",))
        waiting.start()
        with ActivitySampler(lambda: observer.activity(database.name), 0.01) as sampler:
            until = time.monotonic() + 30
            while not sampler.sums["active", "Lock", "transactionid"] and time.monotonic() < until:
                time.sleep(0.01)
        holder.rollback()
        waiting.join()
    assert sampler.sums["active", "Lock", "transactionid"] > 0
    assert sampler.sums["idle in transaction", "Client", "ClientRead"] > 0
    assert sampler.most == 2


def test_deadlocks_are_known_at_once_with_the_statement(cluster, database):
    observer = cluster.observer()
    assert observer.deadlocks(database.name) == (0, ())
    psycopg = pytest.importorskip("psycopg")
    with database.connect() as a, database.connect() as b:
        a.execute("UPDATE t SET i = i WHERE i = 1")
        b.execute("UPDATE t SET i = i WHERE i = 2")
        failures = []

        def cross(connection, number):
            try:
                connection.execute(f"UPDATE t SET i = i WHERE i = {number}")
            except psycopg.errors.DeadlockDetected as error:
                failures.append(error)
            connection.rollback()

        threads = [threading.Thread(target=cross, args=pair) for pair in ((a, 2), (b, 1))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(failures) == 1
    number, [statement] = observer.deadlocks(database.name)
    assert number == 1
    assert statement.startswith("UPDATE t SET i = i WHERE i = ")


def test_of_a_server_that_is_not_ours(any_cluster):
    from pytest_asyncbench.postgres import provide

    with provide(any_cluster.dsn()) as found:
        observer = found.observer()
        assert observer.lacks == ""
        with found.database() as database, database.connect(autocommit=True) as connection:
            before = observer.read(database.name)
            connection.execute("SELECT 1")
            assert queries(between(before.statements, observer.read(database.name).statements)) == 1
            assert observer.deadlocks(database.name) == (0, ())
