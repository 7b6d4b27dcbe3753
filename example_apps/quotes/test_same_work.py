"""Is the same work compared? Two mistakes of published code, refused before anything is timed; and what each app costs.

A test that says ``refused("rows_per_request")`` passes because its comparison is refused for that reason.
"""

import pytest

from quotes.servers import (
    django,
    django_3x5,
    django_async,
    fastapi,
    fastapi_pool,
    flask,
    flask_pool,
    pooled,
    quotes,
    unpooled,
)

SERVERS = {
    "django": pooled,
    "django_async": django_async.with_env(DB_POOL="1"),
    "fastapi": fastapi,
    "fastapi_pool": fastapi_pool,
    "flask": flask,
    "flask_pool": flask_pool,
}


@pytest.mark.quick
@quotes
@pytest.mark.variants(django=pooled, fastapi=fastapi.with_env(QUOTES_LIMIT="0"))
@pytest.mark.refused("rows_per_request")
@pytest.mark.ordering("django", "fastapi", by="20%")
def test_the_missing_limit_is_seen(load):
    """ "Even FastAPI lags behind once the DB is involved": it read 1000 quotes where Django read one."""
    load.get("/quote", users=16)


@pytest.mark.quick
@quotes
@pytest.mark.variants(django=pooled, fastapi=fastapi.with_env(QUOTES_AUTHOR="selectin"))
@pytest.mark.refused("queries_per_request", "rows_per_request")
@pytest.mark.ordering("fastapi", "django")
def test_selectinload_is_a_second_query(load):
    """The published correction still asks for the author by itself, where Django joins."""
    load.get("/quote", users=16)


@pytest.mark.quick
@pytest.mark.database(load=["schema.sql", "seed.sql"], settings={"max_connections": 30})
@pytest.mark.server(django.with_env(DB_POOL="0").with_options(threads=64))
@pytest.mark.refused("connections")
def test_more_threads_than_connections_are_refused(load):
    """Without a pool each of 64 threads holds a connection, and this PostgreSQL has 30."""
    load.get("/quote", users=64)


@quotes
@pytest.mark.parametrize("server", SERVERS.values(), ids=SERVERS, indirect=True)
@pytest.mark.budget(queries_per_request=1, rows_per_request=1, connections_per_request=0)
def test_a_quote_is_one_query(load, server):
    """Exact on every machine, and counted in a second."""
    load.get("/quote", users=8)


@quotes
@pytest.mark.server(unpooled)
@pytest.mark.budget(queries_per_request=1, connections_per_request=1)
def test_unpooled_django_connects_for_each_request(load):
    run = load.get("/quote", users=8)
    assert run.connections_per_request == 1


@quotes
@pytest.mark.variants(flask=flask, django=django_3x5)
def test_what_three_workers_of_five_threads_hold(load):
    """ "A total of 15": SQLAlchemy's pools never open more than there are threads. Psycopg's may, up to 3 x 15, if a
    thread asks while another's connection is on its way back."""
    run = load.get("/quote", users=64, duration="2s", warmup="1s")
    assert run["flask"].connections_max <= 15
    assert run["django"].connections_max <= 45
