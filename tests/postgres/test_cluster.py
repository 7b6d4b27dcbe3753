from __future__ import annotations

import contextlib
import getpass
import threading
import time

import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from pytest_asyncbench.errors import PostgresError, SpecError
from pytest_asyncbench.postgres import blank, provide, server, validate_load

SCHEMA = "CREATE TABLE t (i int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 3);"


@pytest.fixture
def load(tmp_path):
    (tmp_path / "schema.sql").write_text(SCHEMA)
    return validate_load(["schema.sql"], tmp_path)


def test_what_pytest_postgresql_asks_of_a_process_fixture(cluster):
    assert cluster.host == "127.0.0.1"
    assert isinstance(cluster.port, int)
    assert (cluster.user, cluster.options, cluster.maintenance_dbname) == ("postgres", "", "postgres")
    assert cluster.password
    rows = {name for (name,) in cluster.execute("SELECT datname FROM pg_database")}
    assert {cluster.template_dbname, cluster.maintenance_dbname} <= rows
    assert cluster.dbname not in rows  # the factories create it


def test_it_says_what_it_is(cluster):
    assert cluster.major == int(cluster.version.split(".")[0])
    assert cluster.settings["max_connections"] == "200"
    assert cluster.settings["fsync"] == "off"
    assert cluster.settings["jit"] == "off"
    assert cluster.settings["TimeZone"] == "UTC"
    assert cluster.profile == "fast"
    assert cluster.missing == ()


def test_connect_and_dsn(cluster):
    with cluster.connect() as connection, psycopg.connect(cluster.dsn()) as other:
        assert connection.info.dbname == other.info.dbname == "postgres"
    assert conninfo_to_dict(cluster.dsn("my db"))["dbname"] == "my db"


def test_tcp_asks_for_the_password(cluster):
    with pytest.raises(psycopg.OperationalError, match="password"):
        cluster.connect(password="guess")


def asked_of(pids, question):
    """The answers of those that are still there: PostgreSQL's workers come and go."""
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            yield question(psutil.Process(pid))


def test_it_listens_on_loopback_only(cluster):
    listening = {
        connection.laddr.ip
        for connections in asked_of(cluster.pids(), lambda process: process.net_connections("inet"))
        for connection in connections
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def test_pids_are_the_servers(cluster):
    assert set(asked_of(cluster.pids(), psutil.Process.name)) == {"postgres"}
    assert psutil.Process(cluster.pids()[0]).username() != "root"


def test_queries_can_be_counted(cluster):
    with cluster.database() as database, database.connect(autocommit=True) as connection:
        connection.execute("SELECT 1 AS a_query_of_mine")
        query = "SELECT calls FROM pg_stat_statements WHERE query LIKE '%a_query_of_mine%' AND query NOT LIKE '%stat%'"
        assert connection.execute(query).fetchall() == [(1,)]


def test_clones_are_fresh(cluster, load):
    template = cluster.template(load)
    with cluster.database(template, "a") as first, cluster.database(template, "a") as second:
        assert first.name != second.name
        with first.connect() as connection:
            connection.execute("DELETE FROM t")
        with second.connect() as connection:
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (3,)


def test_template_is_loaded_once_per_content(cluster, load, tmp_path):
    template = cluster.template(load)
    assert cluster.template(validate_load(["schema.sql"], tmp_path)) is template
    (tmp_path / "schema.sql").write_text(SCHEMA + "INSERT INTO t VALUES (4);")
    changed = cluster.template(validate_load(["schema.sql"], tmp_path))
    assert changed.name != template.name
    with cluster.database(changed) as database, database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (4,)


def test_template_has_statistics(cluster, load):
    with cluster.database(cluster.template(load)) as database, database.connect() as connection:
        query = "SELECT reltuples, relallvisible FROM pg_class WHERE relname = 't'"
        assert connection.execute(query).fetchone() == (3, 1)


def test_template_without_steps_is_empty(cluster):
    assert cluster.template(()).name == cluster.template_dbname
    with cluster.database() as database, database.connect() as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert tables.fetchone() == (0,)


def test_clones_are_in_shared_buffers(cluster, tmp_path):
    (tmp_path / "big.sql").write_text(
        "CREATE TABLE big AS SELECT repeat('x', 500) t FROM generate_series(1, 9000)"
    )
    with (
        cluster.database(cluster.template(validate_load(["big.sql"], tmp_path))) as database,
        database.connect() as connection,
    ):
        plan = connection.execute("EXPLAIN (ANALYZE, BUFFERS) SELECT count(*) FROM big").fetchall()
    assert "shared hit=" in str(plan)
    assert "read=" not in str(plan)


def test_connections_to_the_template_do_not_matter(cluster, tmp_path):
    held = []

    def leak(**connection):
        held.append(psycopg.connect(**connection))

    template = cluster.template(validate_load([leak], tmp_path))
    cluster.database(template).drop()
    held[0].close()


def test_drop(cluster):
    database = cluster.database(name_hint="Dropped!")
    with database.connect() as connection:
        database.drop()
        database.drop()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    rows = cluster.execute("SELECT datname FROM pg_database")
    assert (database.name,) not in rows


def test_environment_is_what_libpq_reads(cluster, monkeypatch):
    with cluster.database() as database:
        for name, value in database.environment().items():
            monkeypatch.setenv(name, value)
        with psycopg.connect() as connection:
            assert connection.info.dbname == database.name
        assert database.environment()["DATABASE_URL"] == database.url


def test_several_threads_get_databases(cluster, load):
    template = cluster.template(load)
    made = []
    threads = [
        threading.Thread(target=lambda: made.append(cluster.database(template, "same"))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({database.name for database in made}) == 4
    for database in made:
        database.drop()


def test_admin_connection_comes_back(cluster):
    cluster.execute("SELECT 1")
    pid = cluster.execute("SELECT pg_backend_pid()")[0][0]
    with cluster.connect(autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    with pytest.raises(psycopg.OperationalError):
        cluster.execute("SELECT 1")
    assert cluster.execute("SELECT 1") == [(1,)]


def test_durable_and_settings(choice):
    with provide(choice, "durable", {"max_connections": 33, "log_statement": "ddl"}) as cluster:
        assert cluster.settings["fsync"] == cluster.settings["synchronous_commit"] == "on"
        assert cluster.settings["max_connections"] == "33"
        assert cluster.settings["log_statement"] == "ddl"
        with cluster.database() as database, database.connect() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("settings", [{"no_such_setting": 1}, {"max_connections": "many"}])
def test_settings_that_the_server_refuses(settings, run_directories):
    before = run_directories()
    with pytest.raises(PostgresError, match="(?s)ended with exit code.*" + next(iter(settings))):
        provide("auto", settings=settings)
    assert run_directories() <= before


def test_settings_that_cannot_be_meant():
    with pytest.raises(SpecError, match="port"):
        provide("auto", settings={"port": 1})
    with pytest.raises(SpecError, match="fast and durable"):
        provide("auto", profile="slow")


def test_a_port_that_was_taken_meanwhile(monkeypatch, any_cluster):
    ports = [any_cluster.port, any_cluster.port]
    free = server._free_port
    monkeypatch.setattr(server, "_free_port", lambda: ports.pop() if ports else free())
    with provide("auto") as cluster:
        assert cluster.port != any_cluster.port
        assert ports == []


def test_a_broken_cached_cluster_is_made_anew(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    provide("auto").close()
    (cached,) = (tmp_path / "pytest-asyncbench").iterdir()
    (cached / "global" / "pg_control").write_bytes(b"nonsense")
    with provide("auto") as cluster:
        assert cluster.execute("SELECT 1") == [(1,)]
    assert (cached / "global" / "pg_control").stat().st_size > 1000


def test_two_runs_make_the_cached_cluster_at_once(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    clusters = []
    threads = [threading.Thread(target=lambda: clusters.append(provide("auto"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for cluster in clusters:
        assert cluster.execute("SELECT 1") == [(1,)]
        cluster.close()
    assert len(clusters) == 3
    assert len(list((tmp_path / "pytest-asyncbench").iterdir())) == 1


def test_a_cache_that_others_can_enter_is_not_used(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(blank, "_temporary", list)
    (tmp_path / "pytest-asyncbench").mkdir()
    (tmp_path / "pytest-asyncbench").chmod(0o755)
    provide("auto").close()
    assert list((tmp_path / "pytest-asyncbench").iterdir()) == []


def test_close_leaves_nothing(choice, run_directories):
    before = run_directories()
    cluster = provide(choice)
    pids = cluster.pids()
    assert len(run_directories() - before) == 1
    started = time.monotonic()
    cluster.close()
    cluster.close()
    assert time.monotonic() - started < 5
    assert not any(map(psutil.pid_exists, pids))
    assert run_directories() == before


def test_user_is_somebody_else_for_root(any_cluster):
    owner = psutil.Process(any_cluster.pids()[0]).username()
    assert owner == ("nobody" if getpass.getuser() == "root" else getpass.getuser())
