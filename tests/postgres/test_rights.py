"""What is said of a role that may not do what is needed."""

from __future__ import annotations

from dataclasses import replace

from pytest_asyncbench.postgres.rights import Role, answered, refusal

ABLE = Role("me", "template1", creates=True, copies=True, enters=True, is_standby=False)


def test_a_role_that_may_do_everything_is_not_refused():
    assert refusal(ABLE, "db:5432") == ""
    assert answered(("me", True, True, True, False), "template1") == ABLE


def test_everything_that_is_missing_is_told_at_once():
    role = replace(ABLE, name='a "guest"', creates=False, enters=False)
    first, *lacks, last = refusal(role, "db:5432").splitlines()
    assert first == "--asyncbench-postgres: the PostgreSQL server at db:5432 cannot be used as it is:"
    assert [text.rpartition(": ")[2] for text in lacks] == [
        'ALTER ROLE "a ""guest""" CREATEDB',
        'GRANT CONNECT ON DATABASE "template1" TO "a ""guest"""',
    ]
    assert "may not create databases" in lacks[0]
    assert last == "What to do: have a superuser run that, or name another role or server."


def test_a_standby_is_told():
    told = refusal(replace(ABLE, is_standby=True), "db:5432")
    assert "the server is a standby, on which nothing can be created" in told
    assert "name its primary" in told
