"""Servers that are not ours. One of our own plays the part."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from pytest_asyncbench.errors import PostgresError
from pytest_asyncbench.postgres import adopt, provide, validate_load

LIMIT = 30.0


@contextmanager
def without_statements(cluster):
    """The server as one whose administrator has not made the extension."""
    places = "template1", "postgres"
    for name in places:
        cluster.execute("DROP EXTENSION pg_stat_statements", dbname=name)
    try:
        yield
    finally:
        for name in places:
            cluster.execute("CREATE EXTENSION pg_stat_statements", dbname=name)


def databases(cluster) -> set[str]:
    return {name for (name,) in cluster.execute("SELECT datname FROM pg_database")}


@pytest.fixture
def role(cluster):
    """Makes a role with a password; gives the DSN that it uses."""
    made = []

    def make(rights: str) -> str:
        name = f"guest_{len(made)}"
        made.append(name)
        cluster.execute(f"CREATE ROLE {name} LOGIN {rights} PASSWORD 'p@ss/word'")
        return f"postgresql://{name}:p%40ss%2Fword@127.0.0.1:{cluster.port}/postgres"

    yield make
    for name in made:
        cluster.execute(f"DROP OWNED BY {name}")
        cluster.execute(f"DROP ROLE {name}")


@pytest.mark.parametrize("kind", ["url", "keywords", "role"])
def test_databases_come_and_go_there(cluster, role, tmp_path, kind):
    (tmp_path / "schema.sql").write_text("CREATE TABLE t (i int); INSERT INTO t VALUES (1);")
    dsn = {
        "url": cluster.dsn(),
        "keywords": f"host=127.0.0.1 port={cluster.port} user=postgres password={cluster.password} dbname=postgres",
        "role": role("CREATEDB") if kind == "role" else "",
    }[kind]
    before = databases(cluster)
    with provide(dsn) as there:
        assert there.pids() is None
        assert there.source == "dsn"
        assert there.version == cluster.version
        template = there.template(validate_load(["schema.sql"], tmp_path))
        with there.database(template) as database, database.connect() as connection:
            assert connection.execute("SELECT * FROM t").fetchall() == [(1,)]
        there.database(template, "forgotten")
        assert len(databases(cluster) - before) == 2
    assert databases(cluster) == before
    assert cluster.execute("SELECT 1") == [(1,)]


def test_what_is_missing_is_said(cluster, role):
    wanted = {"max_connections": 300, "jit": False}
    with without_statements(cluster), provide(role("CREATEDB"), settings=wanted) as there:
        extension, setting = there.missing
    assert extension.startswith(
        "queries and rows per request are unknown: pg_stat_statements cannot be used on this server: permission denied"
    )
    assert extension.endswith("a superuser can run CREATE EXTENSION pg_stat_statements in 'postgres'")
    assert setting == "the setting max_connections is 200 on this server, 300 was asked for"


def test_nothing_is_missing_for_a_superuser(cluster):
    with provide(cluster.dsn()) as there:
        assert there.missing == ()


def test_an_extension_that_somebody_else_has_made_is_used(cluster, role):
    with without_statements(cluster):
        cluster.execute("CREATE SCHEMA watching", dbname="postgres")
        cluster.execute("CREATE EXTENSION pg_stat_statements SCHEMA watching", dbname="postgres")
        cluster.execute("GRANT USAGE ON SCHEMA watching TO PUBLIC", dbname="postgres")
        try:
            with provide(role("CREATEDB")) as there, there.database() as database:
                assert there.missing == ()
                with database.connect(autocommit=True) as connection:
                    connection.execute("SELECT 1 AS seen_by_the_observer")
                texts = [each.text for each in there.observer().read(database.name).statements.values()]
        finally:
            cluster.execute("DROP SCHEMA watching CASCADE", dbname="postgres")
    assert "SELECT $1 AS seen_by_the_observer" in texts


def test_statements_of_other_roles_are_unknown_and_not_miscounted(cluster, role):
    def read(there, database):
        with cluster.connect(database.name, autocommit=True) as connection:
            connection.execute("SELECT 1 AS of_another_role")
        return there.observer().read(database.name).statements, there.observer().lacks

    with provide(role("CREATEDB")) as there, there.database() as database:
        found, lacks = read(there, database)
        assert found is None
        assert lacks.endswith('a superuser can run GRANT pg_read_all_stats TO "guest_0"')
        cluster.execute("GRANT pg_read_all_stats TO guest_0")
        found, lacks = read(there, database)
        assert "SELECT $1 AS of_another_role" in {each.text for each in found.values()}
        assert lacks == ""


@pytest.mark.parametrize(
    ("rights", "spoil", "mend", "remedy"),
    [
        ("", "SELECT 1", "SELECT 1", 'ALTER ROLE "guest_0" CREATEDB'),
        (
            "CREATEDB",
            "REVOKE CONNECT ON DATABASE template1 FROM PUBLIC",
            "GRANT CONNECT ON DATABASE template1 TO PUBLIC",
            'GRANT CONNECT ON DATABASE "template1" TO "guest_0"',
        ),
        (
            "CREATEDB",
            "ALTER DATABASE template1 IS_TEMPLATE false",
            "ALTER DATABASE template1 IS_TEMPLATE true",
            'ALTER DATABASE "template1" IS_TEMPLATE true',
        ),
    ],
)
def test_a_right_that_is_needed_is_told_with_the_sql_that_grants_it(
    cluster, role, rights, spoil, mend, remedy
):
    before = databases(cluster)
    dsn = role(rights)
    cluster.execute(spoil)
    try:
        with pytest.raises(PostgresError, match=f"cannot be used as it is:\n- .*: {re.escape(remedy)}\n"):
            provide(dsn)
    finally:
        cluster.execute(mend)
    assert databases(cluster) == before
    if rights:
        provide(dsn).close()


@pytest.mark.parametrize(
    ("dsn", "message"),
    [
        ("postgresql://u:p@127.0.0.1:1/x", "cannot be used"),
        ("postgres15", "auto, system, embedded, or the address"),
    ],
)
def test_what_cannot_be_reached(dsn, message):
    with pytest.raises(PostgresError, match=message):
        provide(dsn)


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://u:top:secret@host:port/x",
        "postgresql://u:secret@[::1/x",
        "host=h password='a secret' nonsense",
    ],
)
def test_passwords_are_not_shown(dsn):
    with pytest.raises(PostgresError, match="asyncbench-postgres") as raised:
        provide(dsn)
    assert "secret" not in str(raised.value)


def test_wrong_password(cluster):
    with pytest.raises(PostgresError, match="password") as raised:
        provide(f"postgresql://postgres:secret@127.0.0.1:{cluster.port}/postgres")
    assert "secret" not in str(raised.value)


OWNER = """
import sys, time
from pathlib import Path
from pytest_asyncbench.postgres import provide, validate_load
there = provide(sys.argv[1])
there.database(there.template(validate_load([lambda **k: None], Path("/"))), "doomed")
print("up", flush=True)
time.sleep(600)
"""


def test_databases_go_when_the_owner_is_killed(cluster):
    before = databases(cluster)
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, cluster.dsn()], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout.readline() == "up\n"
        assert len(databases(cluster) - before) == 2
        owner.kill()
    limit = time.monotonic() + LIMIT
    while databases(cluster) != before:
        assert time.monotonic() < limit, "databases are left"
        time.sleep(0.05)


def test_adopted(cluster, tmp_path):
    """What pytest-postgresql's process fixture is like, with its own loaded template."""
    cluster.execute("CREATE DATABASE theirs_tmpl IS_TEMPLATE true")
    cluster.execute("CREATE TABLE theirs (i int)", dbname="theirs_tmpl")
    fixture = SimpleNamespace(
        host=cluster.host,
        port=str(cluster.port),
        user=cluster.user,
        password=cluster.password,
        options="-c jit=off",
        dbname="theirs",
        template_dbname="theirs_tmpl",
    )
    before = databases(cluster)
    with adopt(fixture) as adopted:
        assert adopted.profile == "as found"
        with adopted.database() as database, database.connect() as connection:
            assert connection.execute("SELECT * FROM theirs").fetchall() == []
    assert databases(cluster) == before
    cluster.execute("ALTER DATABASE theirs_tmpl IS_TEMPLATE false")
    cluster.execute("DROP DATABASE theirs_tmpl")


def test_adopted_server_may_end_first(choice):
    theirs = provide(choice)
    adopted = adopt(theirs)
    adopted.database()
    theirs.close()
    adopted.close()


def test_named_server_may_not_end_first(choice):
    theirs = provide(choice)
    there = provide(theirs.dsn())
    name = there.database().name
    theirs.close()
    with pytest.raises(PostgresError, match=name):
        there.close()
