"""What a server inherits of pytest's environment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.servers.environment import DATABASE, LEAKS, clean, with_database

LEAKED = [
    "COV_CORE_SOURCE",
    "COVERAGE_PROCESS_START",
    "PYTEST_CURRENT_TEST",
    "PYTEST_XDIST_WORKER",
    "PYTHONASYNCIODEBUG",
    "PYTHONDEVMODE",
    "PYTHONTRACEMALLOC",
    "PYTHONWARNINGS",
    "PYTHONMALLOC",
    "PYTHONPERFSUPPORT",
    "TOX_ENV_NAME",
    "GRANIAN_WORKERS",
    "GUNICORN_CMD_ARGS",
    "WEB_CONCURRENCY",
]
KEPT = [
    "PATH",
    "HOME",
    "PYTHONPATH",
    "PYTHONUNBUFFERED",
    "DJANGO_SETTINGS_MODULE",
    "MY_PYTEST_THING",
    "DATABASE_URL",
]


@pytest.mark.parametrize("name", LEAKED)
def test_what_pytest_and_its_plugins_set_is_cleared(name):
    assert clean({name: "1", "PATH": "/bin"}) == ({"PATH": "/bin"}, (name,))


@pytest.mark.parametrize("name", KEPT)
def test_what_a_user_set_is_kept(name):
    assert clean({name: "1"}) == ({name: "1"}, ())


@given(st.dictionaries(st.sampled_from([*LEAKED, *KEPT]) | st.text(), st.text()))
def test_every_variable_is_either_inherited_or_named_as_cleared(environment):
    inherited, cleared = clean(environment)
    assert {**inherited, **{name: environment[name] for name in cleared}} == environment
    assert not any(LEAKS.fullmatch(name) for name in inherited)


def test_a_database_of_its_own_replaces_the_inherited_one():
    outside = dict.fromkeys(DATABASE, "outside") | {"PATH": "/bin"}
    inside = with_database(outside, {"DATABASE_URL": "postgresql://x", "PGPORT": "5432"}, "pooled")
    assert inside == {
        "PATH": "/bin",
        "DATABASE_URL": "postgresql://x",
        "PGPORT": "5432",
        "PGAPPNAME": "pooled",
    }
