"""Workers and threads: which combination serves the pooled Django best, and what each of them costs.

"Almost every combination of threads and workers, and keep the best" is what is done by hand before a table is
published. A race does it in less than half the time, says which of the others cannot be told from the best, and
measures the best again, because the best of many has had luck.

Run it: ``pytest example_apps/quotes/test_sweeps.py``; two to three minutes.
"""

from pathlib import Path

import pytest

from pytest_asyncbench import granian, grid

# Servers run in the directory above the package, where `quotes` can be imported.
APPS = Path(__file__).resolve().parents[1]

pooled = granian(
    "quotes.django_app.wsgi:application", interface="wsgi", workers=1, threads=1, cwd=APPS, ready="/static"
).with_env(DB_POOL="1")

# Every worker has a pool of its own, of 5 to 15 connections. All nine variants are alive all the time, so their pools
# add up: 3 x (1 + 2 + 3) x 15 = 270 connections at most, where PostgreSQL's default is 100.
quotes = pytest.mark.database(load=["schema.sql", "seed.sql"], settings={"max_connections": 300})


@quotes
@pytest.mark.variants(**grid(pooled, workers=[1, 2, 3], threads=[1, 5, 15]))
def test_workers_and_threads(load):
    """Nine configurations under 64 users.

    What holds on any machine: one worker with one thread is not the best, since it idles while it waits for the
    database. Which one is, the report says, with memory and context switches beside throughput: a worker costs tens of
    megabytes, a thread next to nothing.
    """
    race = load.race("/quote", users=64, slot="250ms", warmup="1s", max_time="110s")

    assert race.best != "w1_t1"
    assert race.run["w3_t1"].memory.value > 1.5 * race.run["w1_t1"].memory.value
    assert race[race.best].context_switches_per_request.value > 0
