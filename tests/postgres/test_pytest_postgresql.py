"""pytest-postgresql's factories on our `postgres`, and its process fixture as our server."""

from __future__ import annotations

import os

import pytest

from pytest_asyncbench.postgres.binaries import find

pytest.importorskip("pytest_postgresql")

OPTIONS = ("-p", "no:cacheprovider", "-p", "no:randomly")


def passes(pytester, count):
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\nasyncio_mode = strict")
    result = pytester.runpytest_subprocess(*OPTIONS)
    result.assert_outcomes(passed=count)


def test_client_factories_on_our_server(pytester):
    pytester.makepyfile("""
        from pytest_postgresql import factories
        postgresql_ours = factories.postgresql("postgres")
        other = factories.postgresql("postgres", dbname="other")

        def test_it(postgresql_ours, postgres):
            assert postgresql_ours.info.port == postgres.port
            assert postgresql_ours.info.dbname == postgres.dbname
            postgresql_ours.execute("CREATE TABLE t (i int)")

        def test_it_is_fresh(postgresql_ours, other):
            assert postgresql_ours.execute("SELECT to_regclass('t')").fetchone() == (None,)
            assert other.info.dbname == "other"
    """)
    passes(pytester, 2)


def test_async_client_on_our_server(pytester):
    pytest.importorskip("pytest_asyncio")
    pytester.makepyfile("""
        import pytest
        from pytest_postgresql import factories
        ours = factories.postgresql_async("postgres")

        @pytest.mark.asyncio
        async def test_it(ours, postgres):
            cursor = await ours.execute("SELECT 1")
            assert await cursor.fetchone() == (1,)
            assert ours.info.port == postgres.port
    """)
    passes(pytester, 1)


def test_noproc_on_our_server_with_its_own_load(pytester):
    (pytester.path / "schema.sql").write_text("CREATE TABLE t (i int); INSERT INTO t VALUES (7);")
    pytester.makepyfile("""
        from pathlib import Path
        from pytest_postgresql import factories
        loaded = factories.postgresql_noproc(depends_on="postgres", load=[Path("schema.sql")])
        client = factories.postgresql("loaded")

        def test_it(client):
            assert client.execute("SELECT i FROM t").fetchone() == (7,)
    """)
    passes(pytester, 1)


def test_janitor_on_our_server(pytester):
    pytester.makepyfile("""
        import psycopg
        from pytest_postgresql.janitor import DatabaseJanitor

        def test_it(postgres):
            janitor = DatabaseJanitor(
                user=postgres.user, host=postgres.host, port=postgres.port, dbname="mine",
                password=postgres.password, template_dbname=postgres.template_dbname,
            )
            with janitor, psycopg.connect(postgres.dsn("mine")) as connection:
                assert connection.info.dbname == "mine"
    """)
    passes(pytester, 1)


def test_their_server_as_ours(pytester, any_cluster):
    """`postgresql_noproc` stands for a server that pytest-postgresql knows; also works as root."""
    (pytester.path / "schema.sql").write_text("CREATE TABLE theirs (i int);")
    (pytester.path / "more.sql").write_text("CREATE TABLE ours (i int);")
    before = any_cluster.execute("SELECT datname FROM pg_database ORDER BY 1")
    pytester.makepyfile(f"""
        from pathlib import Path
        import pytest
        from pytest_postgresql import factories
        theirs = factories.postgresql_noproc(
            host="127.0.0.1", port={any_cluster.port}, user="postgres", password={any_cluster.password!r},
            dbname="their_tests", load=[Path("schema.sql")],
        )

        @pytest.fixture(scope="session")
        def postgres(theirs):
            return theirs

        @pytest.mark.database(load=["more.sql"])
        def test_it(database):
            with database.connect() as connection:
                assert connection.info.port == {any_cluster.port}
                connection.execute("SELECT * FROM theirs, ours")

        def test_again(database):
            with database.connect() as connection:
                assert connection.execute("SELECT to_regclass('ours')").fetchone() == (None,)
    """)
    passes(pytester, 2)
    assert any_cluster.execute("SELECT datname FROM pg_database ORDER BY 1") == before


THEIR_PROCESS = """
import pytest
from pytest_postgresql import factories
theirs = factories.postgresql_proc(executable={pg_ctl!r}, unixsocketdir="/tmp")

@pytest.fixture(scope="session")
def postgres(theirs):
    return theirs

def test_it(database, theirs):
    with database.connect() as connection:
        assert connection.info.port == theirs.port
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="pytest-postgresql runs as nobody here, which takes root")
def test_their_process_as_our_server(as_nobody, libraries):
    """pytest-postgresql's own process does not run as root."""
    project = libraries / "tmp"
    pg_ctl = find("auto")[0].program("pg_ctl")
    (project / "test_their_process.py").write_text(THEIR_PROCESS.format(pg_ctl=pg_ctl))
    plugins = ("-p", "pytest_asyncbench.plugin", "-p", "pytest_postgresql.plugin")
    done = as_nobody("-m", "pytest", "-q", *OPTIONS, *plugins, "test_their_process.py", cwd=str(project))
    assert "1 passed" in done.stdout, done.stdout + done.stderr
