"""Alarms ring when they were last set to, and not before."""

from __future__ import annotations

import asyncio
import sys
from time import monotonic

import pytest

from pytest_asyncbench.agent import alarm as alarms
from pytest_asyncbench.agent.__main__ import new_loop

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="timerfd is of Linux")
KINDS = [pytest.param(alarms.TimerAlarm, marks=linux), alarms.LoopAlarm]


def rings(kind, *times, loop=new_loop):
    """When it rang, set to all of these times from now on, one after another, each when the last one has rung."""
    heard, running = [], loop()

    async def listen():
        rung = asyncio.Event()

        def ring():
            heard.append(monotonic() - began)
            alarm.set(began + 60)
            rung.set()

        alarm = kind(running, ring)
        began = monotonic()
        for group in times:
            for time in group:
                alarm.set(began + time)
            await asyncio.wait_for(rung.wait(), 20)
            rung.clear()
        alarm.close()
        await asyncio.sleep(0.02)

    running.run_until_complete(listen())
    running.close()
    return heard


@pytest.mark.parametrize("loop", [new_loop, asyncio.new_event_loop])
@pytest.mark.parametrize("kind", KINDS)
def test_it_rings_once_for_the_last_time_set(kind, loop):
    early = 0.001 if kind is alarms.LoopAlarm else 0.0
    heard = rings(kind, [0.03], [0.02, 0.07], [60, 0.01], loop=loop)
    assert len(heard) == 3
    assert heard[0] >= 0.03 - early
    assert heard[1] >= 0.07 - early
    assert heard[2] >= heard[1], "a time that has passed: at once"


@linux
def test_the_most_exact_one_is_taken(monkeypatch):
    loop = new_loop()
    exact = alarms.alarm(loop, lambda: None)
    assert isinstance(exact, alarms.TimerAlarm)
    exact.close()
    monkeypatch.setattr(alarms.ctypes, "CDLL", lambda *args, **kwargs: object())
    assert isinstance(alarms.alarm(loop, lambda: None), alarms.LoopAlarm)
    loop.close()
