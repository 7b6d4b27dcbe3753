"""More and more users, each with a second to think: from when on does a page get slower, and when does it fail?

Who waits for two seconds gives up here. PostgreSQL has 60 connections, where the article's had 100.
"""

import pytest

from catalogue.servers import asynchronous, sync

crowded = pytest.mark.database(load=["schema.sql", "seed.sql"], settings={"max_connections": 60})

LOCUST = {
    "users": (4, 640),
    "steps": [4, 20, 80, 160, 320, 640],
    "think_time": "1s",
    "timeout": "2s",
    "duration": "1s",
    "max_time": "120s",
}


@crowded
@pytest.mark.server(sync)
@pytest.mark.budget(p50="1s", errors="1%")
def test_sync_slows_down_and_then_fails(load):
    """Four processes render as fast as they can; whoever comes then has to wait, and in the end gives up."""
    ramp = load.ramp("/items", **LOCUST)
    assert ramp.knee.value > 4
    assert ramp.cliff.value > ramp.knee.value


@crowded
@pytest.mark.server(asynchronous)
@pytest.mark.budget(p50="1s", errors="1%")
def test_async_slows_down_and_then_fails(load):
    """All requests are begun at once, and each of them holds connections: in the end PostgreSQL has none left."""
    ramp = load.ramp("/items", **LOCUST)
    assert ramp.knee.value > 4
    assert ramp.cliff.value > ramp.knee.value
