"""Two local queries and a page of 800 rows: is it worth being asynchronous?

Run one of them: ``pytest example_apps/catalogue -k no_better``.
"""

import pytest

from catalogue.servers import async_pooled, asynchronous, catalogue, sync, sync_pooled, together

EVERY_QUERY_CONNECTS = {"sync": sync, "asynchronous": asynchronous, "together": together}
POOLED = {"sync": sync_pooled, "asynchronous": async_pooled}
# A page takes tens of milliseconds of CPU: slots of the usual hundred answers would last for seconds.
SHORT = {"users": 8, "slot": "1s", "warmup": "1s", "rounds": 12, "max_time": "40s"}


@catalogue
@pytest.mark.parametrize("server", EVERY_QUERY_CONNECTS.values(), ids=EVERY_QUERY_CONNECTS, indirect=True)
@pytest.mark.budget(queries_per_request=2, rows_per_request=801)
def test_every_query_connects(load, server):
    """As in the article: a connection for each of the two queries."""
    run = load.get("/items", users=8)
    assert run.connections_per_request == 2


@pytest.mark.quick
@catalogue
@pytest.mark.parametrize("server", POOLED.values(), ids=POOLED, indirect=True)
@pytest.mark.budget(queries_per_request=2, rows_per_request=801, connections_per_request=0)
def test_a_pool_saves_them(load, server):
    load.get("/items", users=8)


@catalogue
@pytest.mark.variants(sync=sync, asynchronous=asynchronous)
@pytest.mark.no_regression("sync", "asynchronous", within="10%")
def test_async_is_no_better_on_two_local_queries(load):
    """ "I can not see substantial performance gains": asynchronous views are not more than 10 % ahead."""
    load.get("/items", **SHORT)


@catalogue
@pytest.mark.variants(together=together, in_turn=asynchronous)
@pytest.mark.tie("together", "in_turn", within="20%")
def test_asking_for_both_at_once_changes_little(load):
    """Both queries wait for the same two cores."""
    load.get("/items", **SHORT)


@catalogue
@pytest.mark.variants(pooled=async_pooled, connecting=asynchronous)
@pytest.mark.ordering("pooled", "connecting")
def test_a_pool_is_worth_more_than_async(load):
    load.get("/items", **SHORT)
