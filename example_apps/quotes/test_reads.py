"""Reading a random quote: which server, which framework, which pool?"""

import pytest

from quotes.servers import (
    django,
    django_3x5,
    django_async,
    fastapi,
    fastapi_pool,
    flask,
    flask_pool,
    quotes,
    unpooled,
)

# Most of these are decided after 8 rounds, or not at all: more of them would not change that.
SHORT = {"users": 64, "rounds": 18, "max_time": "60s"}


@pytest.mark.variants(sync=django, async_=django_async)
@pytest.mark.ordering("sync", "async_")
def test_async_django_is_slower_on_static(load):
    load.get("/static", **SHORT)


@quotes
@pytest.mark.variants(sync=unpooled, async_=django_async)
@pytest.mark.ordering("sync", "async_")
def test_async_django_is_slower_on_reads(load):
    """Neither has a pool."""
    load.get("/quote", **SHORT)


@quotes
@pytest.mark.variants(flask=flask, fastapi=fastapi)
@pytest.mark.tie("flask", "fastapi", within="20%")
def test_fastapi_ties_with_flask(load):
    """ "Over many different runs the results are practically identical\"."""
    load.get("/quote", **SHORT)


@quotes
@pytest.mark.variants(flask=flask, fastapi=fastapi, django=django_3x5)
@pytest.mark.ordering("flask", "django")
@pytest.mark.ordering("fastapi", "django")
def test_both_are_ahead_of_django(load):
    load.get("/quote", **SHORT)


@quotes
@pytest.mark.variants(sync=django_3x5, async_=django_async.with_env(DB_POOL="1"))
@pytest.mark.tie("sync", "async_", within="20%")
def test_django_ties_with_async_django(load):
    """Both have a pool."""
    load.get("/quote", **SHORT)


@quotes
@pytest.mark.variants(sqlalchemy=fastapi, psycopg_pool=fastapi_pool)
@pytest.mark.ordering("sqlalchemy", "psycopg_pool")
def test_psycopg_pool_is_slower_under_fastapi(load):
    load.get("/quote", **SHORT)


@quotes
@pytest.mark.variants(sqlalchemy=flask, psycopg_pool=flask_pool)
@pytest.mark.ordering("sqlalchemy", "psycopg_pool")
def test_psycopg_pool_is_slower_under_flask(load):
    load.get("/quote", **SHORT)
