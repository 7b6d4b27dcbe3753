"""Tests whose point is a refusal: they pass because their comparison is refused, for the reason that they give."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

HEAD = """
app = granian("counted_app:asgi", interface="asgi", workers=1).with_env(DRIVER="psycopg_pool")
loaded = pytest.mark.database(load=["schema.sql"])
unlike = pytest.mark.variants(
    long=granian("unlike:long", interface="wsgi", threads=2), short=granian("unlike:short", interface="wsgi", threads=2)
)
"""
UNLIKE = """
def long(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "1000")])
    return [b"x" * 1000]

def short(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "10")])
    return [b"x" * 10]
"""
SCHEMA = "CREATE TABLE items AS SELECT i, 0 AS views FROM generate_series(1, 10) AS i;"


@pytest.fixture
def counted(project):
    shutil.copy(Path(__file__).parent / "counted_app.py", project.path)
    (project.path / "schema.sql").write_text(SCHEMA)
    (project.path / "unlike.py").write_text(UNLIKE)
    write = project.write
    project.write = lambda body: write(HEAD + body)
    return project


def test_a_refusal_that_is_stated_passes_and_everything_else_fails(counted):
    result = counted.write("""
@unlike
@pytest.mark.refused("length")
@pytest.mark.ordering("long", "short")
def test_as_stated(load):
    load.get("/", users=2)

@loaded
@pytest.mark.variants(one=app, other=app)
@pytest.mark.refused("rows_per_request")
def test_nothing_to_refuse(load):
    load.get("/two", users=2)

@unlike
@pytest.mark.refused("status")
def test_for_another_reason(load):
    load.get("/", users=2)

@pytest.mark.database(load=["schema.sql"], settings={"max_connections": 20})
@pytest.mark.server(app.with_env(DRIVER="psycopg"))
@pytest.mark.refused("connections")
def test_too_many_connections(load):
    load.get("/two", users=40)
""").run("-rA")
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.re_match_lines_random(
        [
            r"FAIL the comparison is refused for rows_per_request: it was not refused: .*",
            r" +FAIL the comparison is refused for status: it was refused for length: .*",
            r" +PASS the comparison is refused for length: mean length of the bodies: long .*, short .*; nothing was",
            r" +PASS the comparison is refused for connections: up to .*",
        ]
    )
