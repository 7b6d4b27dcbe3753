"""What counts as a query."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.postgres.statements import StatementCount, between, is_query, queries, rows

QUERIES = """
SELECT * FROM quotes
 insert into t values ($1)
UPDATE quotes SET views = $1
WITH a AS (SELECT $1) DELETE FROM t
/* traceparent='00-1' */ SELECT name FROM authors
-- a comment\\nSELECT 1
SELECT $1
DECLARE "c" CURSOR FOR SELECT * FROM t
PREPARE p AS SELECT * FROM t
COPY t FROM STDIN
CALL refresh()
SELECT settings FROM user_settings
SELECT version FROM documents
TRUNCATE t
"""
NO_QUERIES = """
BEGIN
begin isolation level serializable
START TRANSACTION
COMMIT
ROLLBACK TO SAVEPOINT "s1"
SAVEPOINT "s1"
RELEASE SAVEPOINT "s1"
PREPARE TRANSACTION 'x'
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED
SELECT set_config('TimeZone', $1, false)
SHOW standard_conforming_strings
DISCARD ALL
RESET ALL
DEALLOCATE _pg3_0
FETCH FORWARD 100 FROM "c"
CLOSE "c"
select pg_catalog.version()
select current_schema()
SELECT typname AS name, oid FROM pg_type t WHERE t.oid = to_regtype($1)
SELECT t.oid FROM pg_catalog.pg_type AS t
"""


@pytest.mark.parametrize("text", QUERIES.strip().splitlines())
def test_queries(text):
    assert is_query(text.replace("\\n", "\n"))


@pytest.mark.parametrize("text", NO_QUERIES.strip().splitlines())
def test_no_queries(text):
    assert not is_query(text)


@pytest.mark.parametrize("text", ["", "  ", "-- nothing", "/* nothing */", ";"])
def test_nothing_is_no_query(text):
    assert not is_query(text)


def count(text: str, calls: int, rows: int = 0) -> StatementCount:
    return StatementCount(text, calls, rows, calls * 0.001)


def test_what_ran_between_two_readings_is_one_entry_per_text():
    before = {1: count("SELECT a", 5, 5), 2: count("SELECT b", 2, 20)}
    after = {
        1: count("SELECT a", 7, 9),
        2: count("SELECT b", 2, 20),
        3: count("SELECT a", 1),
        4: count("BEGIN", 9),
    }
    assert [(each.text, each.calls, each.rows) for each in between(before, after)] == [
        ("BEGIN", 9, 0),
        ("SELECT a", 3, 4),
    ]


def test_rows_of_a_cursor_are_those_fetched_from_it():
    ran = [
        count("DECLARE c CURSOR FOR SELECT a", 1),
        count("FETCH FORWARD 2 FROM c", 6, 10),
        count("SHOW x", 1, 1),
    ]
    assert (queries(ran), rows(ran)) == (1, 10)


@given(st.text())
def test_any_text_is_classified(text):
    assert is_query(text) in (True, False)


@given(
    st.dictionaries(st.integers(0, 5), st.integers(0, 9)),
    st.dictionaries(st.integers(0, 5), st.integers(1, 9)),
)
def test_calls_add_up(base, more):
    before = {key: count("SELECT a", calls) for key, calls in base.items()}
    after = before | {key: count("SELECT a", base.get(key, 0) + calls) for key, calls in more.items()}
    assert queries(between(before, after)) == sum(more.values())
