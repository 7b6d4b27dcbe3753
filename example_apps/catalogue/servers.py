"""The servers of the article about the catalogue: Gunicorn with four workers, synchronous and asynchronous."""

from pathlib import Path

import pytest

from pytest_asyncbench import gunicorn

# Servers run in the directory above the package, where `catalogue` can be imported.
APPS = Path(__file__).resolve().parents[1]
WORKERS = 4

sync = gunicorn(
    "catalogue.wsgi:application", worker_class="sync", workers=WORKERS, cwd=APPS, ready="/items"
).with_env(CATALOGUE_DRIVER="psycopg2")
asynchronous = gunicorn(
    "catalogue.asgi:application",
    worker_class="uvicorn_worker.UvicornWorker",
    workers=WORKERS,
    cwd=APPS,
    ready="/items",
).with_env(CATALOGUE_DRIVER="asyncpg")
together = asynchronous.with_env(CATALOGUE_TOGETHER="1")

# The same with connections that are kept.
sync_pooled = sync.with_env(CATALOGUE_DRIVER="psycopg")
async_pooled = asynchronous.with_env(CATALOGUE_DRIVER="psycopg")

catalogue = pytest.mark.database(load=["schema.sql", "seed.sql"])
