from __future__ import annotations

import sys
from pathlib import Path

import psycopg
import pytest

from pytest_asyncbench.errors import PostgresError, SpecError
from pytest_asyncbench.postgres import validate_load
from pytest_asyncbench.postgres.loading import run_steps


def make_table(host, port, user, dbname, password):
    with psycopg.connect(host=host, port=port, user=user, dbname=dbname, password=password) as connection:
        connection.execute("CREATE TABLE made (i int)")


async def make_table_asynchronously(**keywords):
    async with await psycopg.AsyncConnection.connect(**keywords) as connection:
        await connection.execute("CREATE TABLE made (i int)")


def tables(cluster, load, base):
    with (
        cluster.database(cluster.template(validate_load(load, base))) as database,
        database.connect() as connection,
    ):
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return {name for (name,) in rows}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A directory with one of each kind."""
    module = f"loader_of_{tmp_path.name}"
    (tmp_path / "schema.sql").write_text("\ufeffCREATE TABLE made (i int);", encoding="utf-8")
    (tmp_path / f"{module}.py").write_text(
        "import psycopg\ndef fill(**keywords):\n"
        "    with psycopg.connect(**keywords) as c: c.execute('CREATE TABLE made (i int)')\n"
    )
    (tmp_path / "manage.py").write_text(
        "import os, psycopg, sys\nassert sys.argv[1:] == ['migrate']\n"
        "with psycopg.connect(os.environ['DATABASE_URL']) as c: c.execute('CREATE TABLE made (i int)')\n"
    )
    return tmp_path, module


@pytest.mark.parametrize(
    "kind", ["sql", "path", "colon", "dot", "callable", "async", "script", "python", "not in a list"]
)
def test_every_kind_of_step(any_cluster, project, kind):
    base, module = project
    load = {
        "sql": ["schema.sql"],
        "path": [base / "schema.sql"],
        "colon": [f"{module}:fill"],
        "dot": [f"{module}.fill"],
        "callable": [make_table],
        "async": [make_table_asynchronously],
        "script": [["manage.py", "migrate"]],
        "python": [["{python}", str(base / "manage.py"), "migrate"]],
        "not in a list": "schema.sql",
    }[kind]
    before = list(sys.path)
    assert tables(any_cluster, load, base) == {"made"}
    assert sys.path == before


def test_paths_relative_to_the_working_directory(any_cluster, project, monkeypatch, tmp_path_factory):
    base, _ = project
    monkeypatch.chdir(base)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    assert tables(any_cluster, ["schema.sql"], elsewhere) == {"made"}


def test_steps_run_in_order(any_cluster, tmp_path):
    (tmp_path / "more.sql").write_text("ALTER TABLE made RENAME TO renamed;")
    assert tables(any_cluster, [make_table, "more.sql"], tmp_path) == {"renamed"}


def test_files_of_pg_dump(any_cluster, tmp_path):
    copied = "COPY made FROM stdin;\n1\tone\n2\t\\N\n\\.\n"
    (tmp_path / "dump.sql").write_text(f"\\set x on\nCREATE TABLE made (i int, t text);\n{copied}VACUUM;\n")
    assert tables(any_cluster, ["dump.sql"], tmp_path) == {"made"}


def test_sql_without_psql(any_cluster, project):
    base, _ = project
    with any_cluster.database() as database:
        run_steps(validate_load(["schema.sql"], base), database, psql=None)
        (base / "wrong.sql").write_text("SELECT 1;\nSELEKT 2;")
        with pytest.raises(PostgresError, match=r"wrong\.sql.*SELEKT"):
            run_steps(validate_load(["wrong.sql"], base), database, psql=None)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("missing.sql", "missing.sql.*tried {base}/missing.sql"),
        (Path("/no/such.sql"), "/no/such.sql"),
        ("some words", "neither the path of an .sql file nor 'module:function'"),
        ("schema.txt/x", "neither the path"),
        ("no_such_module:load", "no module 'no_such_module'.*{base}"),
        (["missing.py", "migrate"], "missing.py.*tried {base}/missing.py"),
        (["./missing"], "missing"),
        (["no-such-program-anywhere"], "PATH"),
        ([], "no argument list"),
        ([1], "no argument list"),
        (3, "no SQL file, function or argument list"),
    ],
)
def test_what_cannot_be_meant_is_said_before_anything_starts(tmp_path, entry, message):
    with pytest.raises(SpecError, match=message.format(base=tmp_path)):
        validate_load([entry], tmp_path)


def test_load_is_a_list(tmp_path):
    with pytest.raises(SpecError, match="takes a list"):
        validate_load({"schema.sql": 1}, tmp_path)
    assert validate_load(None, tmp_path) == validate_load([], tmp_path) == ()


def boom(**keywords):
    raise RuntimeError("the dog ate it")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("wrong.sql", ["exit code 3", "wrong.sql:2", 'relation "nowhere" does not exist']),
        (["failing.py", "now"], ["exit code 7", "failing.py now", "said before", "said too"]),
        (boom, ["test_loading:boom", "RuntimeError", "the dog ate it"]),
        ("json:no_such_function", ["json:no_such_function", "AttributeError"]),
        ("json:__name__", ["not callable"]),
    ],
)
def test_a_failing_step_says_everything(any_cluster, tmp_path, entry, words):
    (tmp_path / "wrong.sql").write_text("SELECT 1;\nSELECT * FROM nowhere;\n")
    failing = "import sys; print('said before', flush=True); print('said too', file=sys.stderr); sys.exit(7)"
    (tmp_path / "failing.py").write_text(failing)
    before = any_cluster.execute("SELECT datname FROM pg_database ORDER BY 1")
    with pytest.raises(PostgresError) as raised:
        any_cluster.template(validate_load([make_table, entry], tmp_path))
    for word in words:
        assert word in str(raised.value)
    assert any_cluster.execute("SELECT datname FROM pg_database ORDER BY 1") == before


def test_keys_tell_steps_apart(tmp_path, project):
    base, module = project
    entries = [
        "schema.sql",
        f"{module}:fill",
        make_table,
        boom,
        lambda **k: None,
        ["manage.py", "a"],
        ["manage.py"],
    ]
    keys = [step.key() for step in validate_load(entries, base)]
    assert len(set(keys)) == len(entries)
    assert keys[:4] == [step.key() for step in validate_load(entries[:4], base)]
    assert [str(step) for step in validate_load(entries, base)][1] == f"{module}:fill"
