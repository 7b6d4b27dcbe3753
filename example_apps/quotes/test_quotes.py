"""What is said about Django, FastAPI and connection pools, stated as tests that decide.

Run one of them: ``pytest example_apps/quotes -k pooled``.
"""

from pathlib import Path

import pytest

from pytest_asyncbench import granian

# Servers run in the directory above the package, where `quotes` can be imported.
APPS = Path(__file__).resolve().parents[1]

django = granian(
    "quotes.django_app.wsgi:application",
    interface="wsgi",
    workers=1,
    threads=32,
    cwd=APPS,
    ready="/static",
)
fastapi = granian("quotes.fastapi_app:app", interface="asgi", workers=1, cwd=APPS, ready="/static")

pooled = django.with_env(DB_POOL="1")
unpooled = django.with_env(DB_POOL="0")

quotes = pytest.mark.database(load=["schema.sql", "seed.sql"])


@quotes
@pytest.mark.variants(pooled=pooled, unpooled=unpooled)
@pytest.mark.ordering("pooled", "unpooled", by="20%")
def test_pooled_sync_beats_unpooled(load):
    """A pool of 15 connections saves the new connection, and its authentication, of every request."""
    load.get("/quote", users=64)


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
    load.get("/quote", users=16)
