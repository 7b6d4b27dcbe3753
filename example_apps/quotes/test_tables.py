"""The articles' tables, row by row, measured in turn: `pytest example_apps -k tables --asyncbench-html=tables.html`."""

import pytest

from pytest_asyncbench import grid
from quotes.servers import (
    REWRK,
    django,
    django_3x5,
    django_async,
    fastapi,
    fastapi_pool,
    flask,
    flask_pool,
    patient,
    pooled,
    quotes,
    unpooled,
)


def by_workers(name, spec):
    """One variant for each number of workers: sync_w1, sync_w2."""
    return {f"{name}_{each}": found for each, found in grid(spec, workers=[1, 2]).items()}


STATIC = {
    **by_workers("sync", django),
    **by_workers("async", django_async),
    **by_workers("fastapi", fastapi),
}
READS = {
    **by_workers("sync", unpooled),
    **by_workers("pooled", pooled),
    **by_workers("async", django_async),
    **by_workers("fastapi", fastapi),
}
BEST = {
    "fastapi": fastapi,
    "fastapi_pool": fastapi_pool,
    "flask": flask,
    "flask_pool": flask_pool,
    "django": django_3x5,
    "django_async": django_async.with_env(DB_POOL="1"),
}


@pytest.mark.variants(**STATIC)
def test_static(load):
    run = load.get("/static", **REWRK)
    for name in run:
        check_arithmetic(run[name])


@patient
@quotes
@pytest.mark.variants(**READS)
def test_reads(load):
    run = load.get("/quote", **REWRK)
    for name in run:
        check_arithmetic(run[name])


@patient
@quotes
@pytest.mark.variants(**BEST)
def test_best_configurations(load):
    run = load.get("/quote", **REWRK)
    for name in run:
        check_arithmetic(run[name])


@quotes
@pytest.mark.variants(
    sync_w1=unpooled, pooled_w2=pooled.with_options(workers=2), async_w2=django_async.with_options(workers=2)
)
def test_writes(load):
    run = load.post("/write", **REWRK)
    for name in run:
        check_arithmetic(run[name])


def check_arithmetic(row):
    """What rewrk prints as its 50 % is the mean of the slowest half, and so never below the average; and by Little's
    law 64 users are the answers per second times the time that each takes."""
    assert row.errors <= 0.05
    assert row.rewrk_p50.value >= row.mean.value
    assert row.rps.value * row.mean.value == pytest.approx(64, rel=0.15)
