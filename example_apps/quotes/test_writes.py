"""Contended writes: each locks a quote, counts a view and commits."""

import pytest

from quotes.servers import (
    django_async,
    fastapi,
    fastapi_pool,
    flask,
    flask_pool,
    one_quote,
    patient,
    pooled,
    quotes,
    unpooled,
)

# PostgreSQL looks for a deadlock only after a second of waiting, if it is not told otherwise.
impatient = pytest.mark.database(load=["schema.sql", "seed.sql"], settings={"deadlock_timeout": "100ms"})


@quotes
@pytest.mark.variants(
    django=pooled,
    django_async=django_async,
    fastapi=fastapi,
    fastapi_pool=fastapi_pool,
    flask=flask,
    flask_pool=flask_pool,
)
def test_every_answered_write_is_in_the_database(load, database):
    """No view is counted twice, and none is lost: the answers, warm-up included, are as many as the views."""
    run = load.post("/write", users=12, duration="1s", warmup="0.5s")
    for name in run:
        with database[name].connect() as connection:
            [views] = connection.execute("SELECT sum(views) FROM quotes").fetchone()
        assert views == run[name].ok


@pytest.mark.quick
@impatient
@pytest.mark.server(fastapi.with_env(QUOTES_LIMIT="0"))
@pytest.mark.budget(errors="100%")
def test_writes_without_a_limit_deadlock(load):
    """FOR UPDATE without LIMIT locks all 1000 quotes, each time in another order: two of them wait for each other."""
    run = load.post("/write", users=8, duration="1s", warmup=0)
    assert run.deadlocks > 0
    assert run.outcomes["bad_status"] > 0


@pytest.mark.quick
@impatient
@pytest.mark.server(fastapi)
@pytest.mark.budget(deadlocks=0, errors="0.1%")
def test_writes_with_a_limit_do_not(load, database):
    run = load.post("/write", users=8, duration="2s", warmup=0)
    with database.connect() as connection:
        [views] = connection.execute("SELECT sum(views) FROM quotes").fetchone()
    assert views == run.ok


@patient
@one_quote
@pytest.mark.variants(sync=unpooled, pooled=pooled, async_=django_async, fastapi=fastapi)
def test_writers_of_one_row_wait_for_it(load):
    """What limits them is the row, not the server."""
    run = load.post("/write", users=16, duration="1s", warmup="1s")
    for name in run:
        assert run[name].limiter.name == "row locks"


@patient
@one_quote
@pytest.mark.variants(pooled=pooled, sync=unpooled, async_=django_async)
@pytest.mark.ordering("pooled", "sync", by="20%")
@pytest.mark.tie("sync", "async_", within="30%")
def test_writers_of_one_row_tie_without_a_pool(load):
    """ "Perfect Tie. Here, it is the database that blocks everyone": but the pool, which lets few of them in, helps."""
    load.post("/write", users=16, rounds=18, max_time="50s")


@quotes
@pytest.mark.variants(pooled=pooled, unpooled=unpooled)
@pytest.mark.ordering("pooled", "unpooled", metric="p95")
def test_pooling_smooths_the_tail_of_writes(load):
    """ "DB pooling helps smooth out extreme latency peaks." The slowest in a hundred would need 1000 answers a slot."""
    load.post("/write", users=32, warmup="1s", rounds=12, max_time="50s")
