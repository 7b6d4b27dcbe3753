"""Load from `async def` tests."""

from __future__ import annotations

import pytest

pytest.importorskip("pytest_asyncio")


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_aload_under_pytest_asyncio(project, mode):
    project.ini(f"asyncio_mode = {mode}").write("""
import asyncio

@pytest.mark.asyncio
@pytest.mark.server(many)
@pytest.mark.budget(rps=1)
async def test_the_loop_goes_on(aload):
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    run = await aload.get("/", users=2, duration=1.6)
    ticking.cancel()
    assert run.outcomes["ok"] > 0 and ticks > 10

@pytest.mark.asyncio
@pytest.mark.server(many)
async def test_bad_input(aload):
    with pytest.raises(ValueError, match="users=0"):
        await aload.get("/", users=0)
    with pytest.raises(AttributeError):
        aload.fetch
""").run().assert_outcomes(passed=2)


def test_aload_under_anyio(project):
    pytest.importorskip("anyio")
    project.write("""
@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.mark.anyio
@pytest.mark.server(many)
async def test_it(aload):
    assert (await aload.get("/", duration=0.2)).outcomes["ok"] > 0
""").run().assert_outcomes(passed=1)


def test_cancelling_stops_the_load(project):
    result = project.write("""
import asyncio, time

@pytest.mark.asyncio
@pytest.mark.server(many)
async def test_it(aload, server):
    asking = asyncio.create_task(aload.get("/slow", users=4, duration=60))
    await asyncio.sleep(1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await aload.get("/slow", users=4, duration=60)
    # the agent is usable, and the server is not under load
    assert (await aload.get("/", duration=0.2)).outcomes["ok"] > 0
""").run()
    result.assert_outcomes(passed=1)
