"""Counters through the plugin, on real servers: n requests give exactly n times the app's known numbers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

SCHEMA = "CREATE TABLE items AS SELECT i, 0 AS views FROM generate_series(1, 10) AS i;"
HEAD = """
loaded = pytest.mark.database(load=["schema.sql"])
app = granian("counted_app:asgi", interface="asgi", workers=1)

def on(driver):
    return app.with_env(DRIVER=driver)
"""


@pytest.fixture
def counted(project):
    """A project with the app of known numbers."""
    shutil.copy(Path(__file__).parent / "counted_app.py", project.path)
    (project.path / "schema.sql").write_text(SCHEMA)
    write = project.write
    project.write = lambda body: write(HEAD + body)
    return project


def test_exact_numbers_of_every_driver(counted):
    counted.write("""
POOLED = ["psycopg_pool", "sqlalchemy+psycopg", "sqlalchemy+asyncpg"]

@loaded
@pytest.mark.parametrize("server", [on(driver) for driver in POOLED], indirect=True, ids=POOLED)
@pytest.mark.budget(queries_per_request=2, rows_per_request=4, connections_per_request=0, connections_max=20)
def test_pooled(load, server):
    run = load.get("/two", users=8)
    assert run.queries_per_request == 2
    assert run.rows_per_request == 4
    assert run.connections_per_request == 0
    assert run.deadlocks == 0
    assert run.ok > run.outcomes["ok"] >= 10
    with pytest.raises(Exception, match="nothing was timed"):
        run.rps

@loaded
@pytest.mark.server(on("psycopg"))
@pytest.mark.budget(connections_per_request=1)
def test_alone(load):
    run = load.get("/two", users=8)
    assert run.queries_per_request == 2
    assert run.connections_per_request == 1
    assert load.get("/n", users=2).rows_per_request == 10
""").run("-rA").assert_outcomes(passed=4)


def test_exact_numbers_of_the_example_apps(project):
    apps = Path(__file__).parents[2] / "example_apps"
    project.write(f"""
from pathlib import Path
APPS = Path({str(apps)!r})
django = granian("quotes.django_app.wsgi:application", interface="wsgi", threads=8, cwd=APPS, ready="/static")
fastapi = granian("quotes.fastapi_app:app", interface="asgi", cwd=APPS, ready="/static")
fastapi_pool = fastapi.with_options(app="quotes.fastapi_pool_app:app")
flask = django.with_options(app="quotes.flask_app:app")
flask_pool = django.with_options(app="quotes.flask_pool_app:app")
servers = [(django.with_env(DB_POOL="1"), 0), (django.with_env(DB_POOL="0"), 1)]
servers += [(server, 0) for server in (fastapi, fastapi_pool, flask, flask_pool)]

@pytest.mark.database(load=[str(APPS / "quotes" / name) for name in ("schema.sql", "seed.sql")])
@pytest.mark.parametrize("server, new", servers, indirect=["server"])
@pytest.mark.budget(queries_per_request=2)
def test_quotes(load, server, new, database):
    run = load.get("/quote", users=4)
    assert run.queries_per_request == 1
    assert run.rows_per_request == 1
    assert run.connections_per_request == new
    read = run.ok
    run = load.post("/write", users=4)
    assert run.queries_per_request == 2
    assert run.rows_per_request == 2
    with database.connect() as connection:
        assert connection.execute("SELECT sum(views) FROM quotes").fetchone()[0] == run.ok - read
""").run("-rA").assert_outcomes(passed=6)


def test_too_many_queries_are_listed(counted):
    result = counted.write("""
@loaded
@pytest.mark.server(on("psycopg_pool"))
@pytest.mark.budget(queries_per_request=2, rows_per_request=20)
def test_n_plus_one(load):
    load.get("/n", users=4)
""").run()
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines(
        [
            r".*FAIL queries_per_request <= 2: queries_per_request 6 > 2, counted in a burst of 50 requests",
            r" +counted: queries 6, rows 10, new connections 0 per request; connections at most 4",
            r" +calls/request +rows/request +statement",
            r" +5 +5 +SELECT views FROM items WHERE i = \$1",
            r" +1 +5 +SELECT i FROM items WHERE i <= \$1",
            r" +not counted as queries: 1 (BEGIN|COMMIT), 1 (BEGIN|COMMIT)",
            r".*PASS rows_per_request <= 20",
            r".*counted on bursts in .* s, nothing timed; PostgreSQL.*",
        ]
    )


def test_every_ok_answer_of_a_contended_write_is_in_the_database(counted):
    counted.write("""
@loaded
@pytest.mark.variants(pool=on("psycopg_pool"), asyncpg=on("sqlalchemy+asyncpg"))
def test_touch(load, database):
    run = load.post("/touch", users=8, duration="1s", warmup="200ms")
    for name in run:
        assert run[name].queries_per_request == 1
        assert float(run[name].db_cpu_per_request) > 0
        assert float(run[name].threads) >= 1
        assert float(run[name].context_switches_per_request) > 0
        with database[name].connect() as connection:
            assert connection.execute("SELECT sum(views) FROM items").fetchone()[0] == run[name].ok
""").run("-rA").assert_outcomes(passed=1)


def test_deadlocks_are_counted_and_shown_with_the_statement(counted):
    result = counted.write("""
@pytest.mark.database(load=["schema.sql"], settings={"deadlock_timeout": "20ms"})
@pytest.mark.server(on("psycopg_pool"))
@pytest.mark.budget(errors="100%", deadlocks=0)
def test_cross(load):
    run = load.get("/cross", users=2, timeout="20s")
    assert float(run.deadlocks) > 0
""").run("-rA")
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines(
        [
            r"FAIL deadlocks <= 0: deadlocks \d+ > 0, counted in the whole load call",
            r" +ended by a deadlock: UPDATE items SET views = views \+ 1 WHERE i = \$1",
        ]
    )


def test_rows_read_are_waited_for_if_they_are_judged(counted):
    counted.write("""
@loaded
@pytest.mark.server(on("psycopg_pool"))
@pytest.mark.budget(rows_read_per_request=20)
def test_two(load):
    run = load.get("/two", users=2)
    assert run.rows_read_per_request == 20  # the table is so small that it is read whole
""").run("-rA").assert_outcomes(passed=1)


def test_without_a_database_they_are_unknown(project):
    result = project.write("""
@pytest.mark.server(many)
@pytest.mark.budget(queries_per_request=2)
def test_it(load):
    load.get("/", duration="200ms")
""").run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "INVALID queries_per_request <= 2: queries_per_request: the test has no PostgreSQL database of ours*"
        ]
    )
