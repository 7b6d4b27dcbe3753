"""Three statements to begin with: two orderings, and a budget.

Run one of them: ``pytest example_apps/quotes -k pooled``.
"""

import pytest

from quotes.servers import django, fastapi, pooled, quotes, unpooled


@pytest.mark.quick
@quotes
@pytest.mark.variants(pooled=pooled, unpooled=unpooled)
@pytest.mark.ordering("pooled", "unpooled", by="20%")
def test_pooled_sync_beats_unpooled(load):
    """A pool of 15 connections saves the new connection, and its authentication, of every request."""
    load.get("/quote", users=64)


@pytest.mark.quick
@pytest.mark.variants(fastapi=fastapi, django=django)
@pytest.mark.ordering("fastapi", "django", by="10%")
def test_fastapi_beats_django_on_static(load):
    """Without a database the framework itself is measured; no PostgreSQL is started for this."""
    load.get("/static", users=64)


@quotes
@pytest.mark.server(pooled)
@pytest.mark.budget(p95="300ms", errors="0.1%", rps=50)
def test_quote_stays_within_budget(load):
    """A promise that a slow 2-core machine keeps too: a fast one answers in a tenth of that time."""
    load.get("/quote", users=16, max_time="60s")
