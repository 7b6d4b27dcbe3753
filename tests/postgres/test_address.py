from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from pytest_asyncbench.errors import PostgresError
from pytest_asyncbench.postgres.address import Address

text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(text, text, text, st.sampled_from(["127.0.0.1", "::1", "db.example", "/var/run/with space"]))
def test_libpq_reads_the_url_as_meant(user, password, dbname, host):
    address = Address(host, 5433, user, password, {"options": "-c statement_timeout=1s", "sslmode": "prefer"})
    assert conninfo_to_dict(address.dsn(dbname)) == {
        "host": host,
        "port": "5433",
        "user": user,
        "password": password,
        "dbname": dbname,
        "options": "-c statement_timeout=1s",
        "sslmode": "prefer",
    }


def test_environment():
    address = Address("127.0.0.1", 5433, "u", "p", {"options": "-c jit=off"})
    assert address.environment("d") == {
        "DATABASE_URL": "postgresql://u:p@127.0.0.1:5433/d?options=-c%20jit%3Doff",
        "PGHOST": "127.0.0.1",
        "PGPORT": "5433",
        "PGUSER": "u",
        "PGPASSWORD": "p",
        "PGDATABASE": "d",
        "PGOPTIONS": "-c jit=off",
    }


def test_the_password_is_not_shown():
    assert "secret" not in repr(Address("h", 1, "u", "secret"))


def test_without_psycopg(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(PostgresError, match=r"pip install 'pytest-asyncbench\[postgres\]'"):
        Address("127.0.0.1", 1, "u").connect("d")
