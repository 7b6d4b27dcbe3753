"""The `database` fixture and marker, and what servers are told of their database."""

from __future__ import annotations

ECHO = """
import json, os


def wsgi(environ, start_response):
    names = ("DATABASE_URL", "PGDATABASE", "PGAPPNAME", "PGHOST", "PGPORT", "MINE")
    body = json.dumps({name: os.environ.get(name) for name in names}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
"""

SCHEMA = "create table t (i int); insert into t select generate_series(1, 3);"


def test_every_test_has_a_fresh_clone(project):
    (project.path / "schema.sql").write_text(SCHEMA)
    project.write("""
loaded = pytest.mark.database(load=["schema.sql", "steps:add", ["{python}", "step.py"]])
seen = []

@loaded
@pytest.mark.parametrize("again", [1, 2])
def test_fresh(database, postgres, again):
    with database.connect() as connection:
        assert connection.execute("select sum(i) from t").fetchone()[0] == 6 + 10 + 100
        connection.execute("delete from t")
    assert database.url.startswith("postgresql://") and database.name not in seen
    assert database.url == postgres.dsn(database.name)
    seen.append(database.name)

@pytest.mark.database(load=["schema.sql"], settings={"max_connections": 33})
def test_settings(database):
    with database.connect() as connection:
        assert connection.execute("show max_connections").fetchone()[0] == "33"

def test_empty(database):
    with database.connect() as connection:
        assert connection.execute("select to_regclass('t')").fetchone()[0] is None
""")
    (project.path / "steps.py").write_text(
        "import psycopg\n\n\ndef add(**keywords):\n"
        "    with psycopg.connect(**keywords) as c:\n        c.execute('insert into t values (10)')\n"
    )
    (project.path / "step.py").write_text(
        "import os, psycopg\nwith psycopg.connect(os.environ['DATABASE_URL']) as c:\n"
        "    c.execute('insert into t values (100)')\n"
    )
    project.run().assert_outcomes(passed=4)


def test_every_variant_has_its_own_and_its_server_is_told(project):
    (project.path / "schema.sql").write_text(SCHEMA)
    (project.path / "echo.py").write_text(ECHO)
    project.ini("asyncbench_database_load = schema.sql").write("""
import json, urllib.request

app = granian("echo:wsgi", interface="wsgi", workers=1, threads=1, env={"MINE": "{database.name}@{database.host}"})

def ask(instance):
    return json.load(urllib.request.urlopen(instance.url))

@pytest.mark.variants(a=app, b=app)
def test_variants(load, database, request):
    from pytest_asyncbench.items import case_of
    answers = {name: ask(i) for name, i in case_of(request.node).stage.instances().items()}
    for name in "ab":
        own = database[name]
        assert answers[name]["DATABASE_URL"] == own.url and answers[name]["PGDATABASE"] == own.name
        assert answers[name]["PGAPPNAME"] == name and answers[name]["MINE"] == f"{own.name}@127.0.0.1"
        with own.connect() as connection:
            assert connection.execute("select count(*) from t").fetchone()[0] == 3
    assert database["a"].name != database["b"].name
    with pytest.raises(ValueError, match=r"write database\\['a'\\].connect"):
        database.connect()
    with pytest.raises(ValueError, match="no database 'c'"):
        database["c"]
    assert load.get("/", duration=0.2)["a"].outcomes["ok"] > 0

@pytest.mark.server(app)
def test_one(server, database):
    assert ask(server)["DATABASE_URL"] == database.url
""").run("-rA").assert_outcomes(passed=2)


def test_the_postgresql_is_told_with_the_result(project):
    (project.path / "schema.sql").write_text(SCHEMA)
    result = project.write("""
@pytest.mark.database(load=["schema.sql"])
@pytest.mark.server(many)
def test_it(load):
    load.get("/", duration=0.2)
""").run("--asyncbench-postgres-profile=durable")
    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines([r".*seed \d+; PostgreSQL \d+\.\d+, durable"])


def test_a_failing_step_shows_its_output_and_exit_code(project):
    (project.path / "schema.sql").write_text("create table t (i int);\ncreate tabble u ();")
    (project.path / "step.py").write_text("import sys\nprint('no such fixture: quotes')\nsys.exit(7)\n")
    result = project.write("""
@pytest.mark.database(load=["schema.sql"])
def test_sql(database):
    pass

@pytest.mark.database(load=[["{python}", "step.py", "--all"]])
def test_program(database):
    pass
""").run()
    result.assert_outcomes(errors=2)
    output = result.stdout.str()
    for told in ("schema.sql", "tabble", "step.py --all", "no such fixture: quotes", "exit code 7"):
        assert told in output


def test_a_server_that_runs_already(project, pytester):
    """With an address nothing is started; our databases are gone at the end, the others are not."""
    from pytest_asyncbench.postgres import provide

    (project.path / "schema.sql").write_text(SCHEMA)
    project.write("""
@pytest.mark.database(load=["schema.sql"])
def test_it(database, postgres):
    assert postgres.pids() is None
    with database.connect() as connection:
        assert connection.execute("select count(*) from t").fetchone()[0] == 3
""")
    with provide() as cluster:
        query = "select datname from pg_database order by 1"
        before = cluster.execute(query)
        project.run(f"--asyncbench-postgres={cluster.dsn()}").assert_outcomes(passed=1)
        assert cluster.execute(query) == before
