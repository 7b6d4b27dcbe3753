"""What can be known before load starts."""

from __future__ import annotations

from pytest_asyncbench.diagnosis.preflight import slowing, too_little_memory, too_many_connections
from pytest_asyncbench.measure.counts import Counts
from pytest_asyncbench.servers.factories import command, granian

THREADS = granian("app:wsgi", interface="wsgi", workers=2, threads=32)
LOOP = granian("app:asgi", interface="asgi")


def counts(connections: int, most: int) -> Counts:
    return Counts(50, (), connections, None, most, 0, (), "")


def test_pools_of_all_variants_hold_their_connections():
    pools = {"a": counts(0, 15), "b": counts(0, 15)}
    specs = dict.fromkeys(pools, THREADS)
    assert too_many_connections(specs, pools, 64, 35) == ""
    why = too_many_connections(specs, pools, 64, 34)
    assert why.startswith("up to 30 connections are needed (their pools hold that many) and 5 to spare")
    assert "settings={'max_connections': 35}" in why


def test_a_connection_per_request_needs_one_for_each_that_runs():
    each = {"server": counts(50, 9)}
    assert too_many_connections({"server": THREADS}, each, 100, 69) == ""
    assert "server makes a connection for every request, and 64 run at once" in too_many_connections(
        {"server": THREADS}, each, 100, 68
    )
    assert too_many_connections({"server": THREADS}, each, 10, 15) == ""
    assert "100 run at once" in too_many_connections({"server": LOOP}, each, 100, 104)


def test_a_pool_beside_a_variant_without():
    both = {"pooled": counts(0, 15), "unpooled": counts(50, 4)}
    specs = dict.fromkeys(both, THREADS)
    assert "up to 79 connections" in too_many_connections(specs, both, 64, 83)


def test_settings_that_slow_a_server_down():
    assert slowing("a", THREADS) == []
    assert slowing("a", THREADS.with_env(DEBUG="0", DJANGO_DEBUG="False")) == []
    assert slowing("a", THREADS.with_env(PYTHONASYNCIODEBUG="1")) == [
        "a runs with asyncio's debug mode (PYTHONASYNCIODEBUG=1)"
    ]
    assert slowing("a", THREADS.with_options(args=["--access-log"])) == [
        "a writes an access log (--access-log)"
    ]
    assert slowing("a", command(["x", "{port}", "--reload=1"])) == ["a watches its files (--reload)"]


def test_servers_that_are_alive_together_need_memory():
    held = {"w1": 60e6, "w3": 150e6, "unknown": None}
    assert too_little_memory(held, 150e6) == ""
    why = too_little_memory(held, 149e6)
    assert why.startswith("2 servers hold 210 MB together, w3 alone 150 MB, and the machine has 149 MB left")
    assert too_little_memory({"external": None}, 0.0) == ""
