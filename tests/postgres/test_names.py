from __future__ import annotations

import re
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_asyncbench.postgres.names import (
    MAX_BYTES,
    database_name,
    quote_identifier,
    quote_literal,
    run_prefix,
)

text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=50)


@given(st.text(max_size=200), st.integers(0, 10**12))
def test_database_names_fit_and_need_no_quotes(hint, number):
    name = database_name(run_prefix(), hint, number)
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
    assert len(name.encode()) <= MAX_BYTES


@given(st.text(max_size=200), st.text(max_size=200), st.integers(0, 10**9), st.integers(0, 10**9))
def test_different_numbers_give_different_names(hint, other, number, next_number):
    if number != next_number:
        assert database_name("p", hint, number) != database_name("p", other, next_number)


def test_the_hint_is_there():
    assert database_name("asyncbench_1", "test_quotes[pooled]", 7) == "asyncbench_1_test_quotes_pooled_7"


@given(text)
def test_quoted_identifier_reads_back(name):
    quoted = quote_identifier(name)
    assert quoted[0] == quoted[-1] == '"'
    assert re.fullmatch(r'([^"]|"")*', quoted[1:-1])
    assert quoted[1:-1].replace('""', '"') == name


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(text, st.text(string.printable, max_size=30))
def test_postgresql_reads_them_as_meant(any_cluster, name, value):
    if len(name.encode()) <= MAX_BYTES:
        with any_cluster.connect() as connection:
            cursor = connection.execute(f"SELECT {quote_literal(value)} AS {quote_identifier(name)}".encode())
            assert cursor.description[0].name == name
            assert cursor.fetchone() == (value,)


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_what_cannot_be_a_name(name):
    with pytest.raises(ValueError, match="not a name"):
        quote_identifier(name)
    with pytest.raises(ValueError, match="zero byte"):
        quote_literal("a\0b")
