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
    patient,
    quotes,
    unpooled,
)

# Differences of these sizes are decided after 8 rounds; less than a minute is what each may take.
SHORT = {"users": 64, "warmup": "1s", "rounds": 18, "max_time": "50s"}


@pytest.mark.variants(sync=django, async_=django_async)
@pytest.mark.ordering("sync", "async_")
def test_async_django_is_slower_on_static(load):
    load.get("/static", **SHORT)


@quotes
@pytest.mark.variants(sync=unpooled, async_=django_async)
@pytest.mark.ordering("sync", "async_")
def test_async_django_is_slower_on_reads(load):
    """Neither has a pool. With fewer users the rounds are shorter, as nobody waits for long."""
    load.get("/quote", **{**SHORT, "users": 16})


@patient
@quotes
@pytest.mark.variants(flask=flask, fastapi=fastapi)
@pytest.mark.ordering("flask", "fastapi", by="10%")
def test_flask_is_ahead_of_fastapi(load):
    """ "Over many different runs the results are practically identical": there the database was the limit.
    Here it is the one process of FastAPI."""
    load.get("/quote", **SHORT)


@patient
@quotes
@pytest.mark.variants(django=django_3x5, fastapi=fastapi)
@pytest.mark.ordering("django", "fastapi", by="10%")
def test_django_is_ahead_of_fastapi(load):
    """In the article it is behind: 412 to 687."""
    load.get("/quote", **SHORT)


@quotes
@pytest.mark.variants(flask=flask, django=django_3x5)
@pytest.mark.tie("flask", "django", within="30%")
def test_flask_and_django_are_alike(load):
    """In the article Flask is ahead: 683 to 412. Both spend about the same CPU time on a request here."""
    load.get("/quote", **SHORT)


@quotes
@pytest.mark.variants(sync=django_3x5, async_=django_async.with_env(DB_POOL="1"))
@pytest.mark.ordering("sync", "async_", by="10%")
def test_django_is_ahead_of_async_django(load):
    """Both have a pool; in the article they tie. Asynchronous Django hands each query to a thread, and waits for it."""
    load.get("/quote", **SHORT)


@patient
@quotes
@pytest.mark.variants(psycopg_pool=fastapi_pool, sqlalchemy=fastapi)
@pytest.mark.ordering("psycopg_pool", "sqlalchemy", by="20%")
def test_psycopg_pool_is_faster_under_fastapi(load):
    """In the article it is slower: 526 to 687. What is compared are the pools, and an ORM with SQL."""
    load.get("/quote", **SHORT)


@quotes
@pytest.mark.variants(psycopg_pool=flask_pool, sqlalchemy=flask)
@pytest.mark.ordering("psycopg_pool", "sqlalchemy", by="20%")
def test_psycopg_pool_is_faster_under_flask(load):
    """In the article it is slower: 533 to 683."""
    load.get("/quote", **SHORT)
