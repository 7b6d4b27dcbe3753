"""gevent is right, or it is said that it is not: ten requests at once that wait 0.2 s each in PostgreSQL, one worker.

Cooperative drivers take about 0.23 s, blocking ones 2.08 s; asserted are the large effects only.
"""

from __future__ import annotations

import shutil
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_asyncbench.measure.hub import HubWatch
from pytest_asyncbench.postgres import Cluster, provide
from pytest_asyncbench.servers.factories import gunicorn, uwsgi

REQUESTS = 10
GUNICORN = gunicorn("gevent_app:wsgi", worker_class="gevent", greenlets=50)
UWSGI = uwsgi("gevent_app:wsgi", greenlets=50)

ROWS = [
    pytest.param(GUNICORN.with_env(DRIVER="psycopg"), None, id="gunicorn-psycopg"),
    pytest.param(
        GUNICORN.with_env(DRIVER="psycopg").with_options(args=["--preload"]),
        "psycopg was imported before gevent patched the process",
        id="gunicorn-psycopg-preload",
    ),
    pytest.param(
        GUNICORN.with_env(DRIVER="psycopg2"), "psycopg2 waits without gevent", id="gunicorn-psycopg2"
    ),
    pytest.param(GUNICORN.with_env(DRIVER="psycopg2", GREEN=1), None, id="gunicorn-psycopg2-psycogreen"),
    pytest.param(UWSGI.with_env(DRIVER="psycopg"), None, id="uwsgi-psycopg"),
    pytest.param(UWSGI.with_env(DRIVER="psycopg2"), "psycopg2 waits without gevent", id="uwsgi-psycopg2"),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    cluster = provide("auto", "fast", {})
    yield cluster
    cluster.close()


@pytest.mark.parametrize(("spec", "blocks"), ROWS)
def test_ten_waits_take_as_long_as_one_unless_the_driver_blocks_the_hub(spec, blocks, cluster, launch, root):
    shutil.copy(Path(__file__).with_name("gevent_app.py"), root)
    database = cluster.database(None, "gevent")
    try:
        instance = launch(spec, database=database.environment())

        def ask(_: int) -> bytes:
            with urllib.request.urlopen(f"{instance.url}/sleep", timeout=30) as answer:
                return answer.read()

        with ThreadPoolExecutor(REQUESTS) as users, HubWatch({"it": lambda: instance.pids}) as watch:
            began = time.monotonic()
            assert list(users.map(ask, range(REQUESTS))) == [b"ok"] * REQUESTS
            took = time.monotonic() - began
        instance.stop()
    finally:
        database.drop()
    assert took > 1.8 if blocks else took < 1
    notes = watch.notes()
    assert len(notes) == (1 if blocks else 0)
    assert not blocks or ("it: a database driver blocks gevent's hub" in notes[0] and blocks in notes[0])
