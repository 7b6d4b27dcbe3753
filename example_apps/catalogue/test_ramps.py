"""More and more users, each with a second to think: from when on does a page get slower, and when does it fail?

PostgreSQL has 60 connections here, where the article's had 100, so that the end is reached by fewer users.
"""

import pytest

from catalogue.servers import asynchronous, sync

crowded = pytest.mark.database(load=["schema.sql", "seed.sql"], settings={"max_connections": 60})

LOCUST = {
    "users": (10, 400),
    "steps": [10, 40, 100, 200, 400],
    "think_time": "1s",
    "duration": "4s",
    "timeout": "2s",
}


@crowded
@pytest.mark.server(sync)
@pytest.mark.budget(p95="1s", errors="1%")
def test_sync_slows_down(load):
    """Four processes never hold more than four connections: with more users it becomes slow, until they give up."""
    ramp = load.ramp("/items", **LOCUST)
    assert ramp.knee.value > 10
    assert ramp.cliff.value > ramp.knee.value


@crowded
@pytest.mark.server(asynchronous)
@pytest.mark.budget(p95="1s", errors="1%")
def test_async_slows_down_and_then_fails(load):
    """A request that waits holds a connection, and in the end PostgreSQL has none left."""
    ramp = load.ramp("/items", **LOCUST)
    assert ramp.knee.value > 10
    assert ramp.cliff.value > ramp.knee.value
