"""Wakes the event loop at a given time, more exactly than its own timers, which count whole milliseconds."""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
from collections.abc import Callable
from time import monotonic
from typing import Protocol

CLOCK_MONOTONIC = 1
TFD_NONBLOCK = os.O_NONBLOCK
TFD_CLOEXEC = getattr(os, "O_CLOEXEC", 0)
TFD_TIMER_ABSTIME = 1


class Alarm(Protocol):
    """Calls a function at one time, the last one that was set."""

    def set(self, when: float) -> None:
        """Call at `when`, a reading of `time.monotonic`; at once if that has passed."""

    def close(self) -> None:
        """Call no more."""


def alarm(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> Alarm:
    """The most exact alarm that the system has."""
    if sys.platform.startswith("linux"):
        try:
            return TimerAlarm(loop, call)
        except (OSError, AttributeError):  # a kernel or a C library without timerfd
            pass
    return LoopAlarm(loop, call)


class LoopAlarm:
    """By the loop's own timers."""

    def __init__(self, loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
        self._loop = loop
        self._call = call
        self._timer: asyncio.TimerHandle | None = None

    def set(self, when: float) -> None:
        self.close()
        self._timer = self._loop.call_later(max(0.0, when - monotonic()), self._call)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _TimeSpec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _TimerSpec(ctypes.Structure):
    _fields_ = (("interval", _TimeSpec), ("value", _TimeSpec))


class TimerAlarm:
    """By timerfd_create(2), through ctypes: Python has it from 3.13 on. Setting it anew takes back what has fired.

    Raises OSError or AttributeError where there is none.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
        library = ctypes.CDLL(None, use_errno=True)
        self._loop = loop
        self._settime = library.timerfd_settime
        self._spec = _TimerSpec()
        self._address = ctypes.byref(self._spec)
        self._file: int = library.timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)
        if self._file < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        loop.add_reader(self._file, call)

    def set(self, when: float) -> None:
        value = self._spec.value
        value.seconds = int(when)
        value.nanoseconds = int((when - int(when)) * 1e9)
        if self._settime(self._file, TFD_TIMER_ABSTIME, self._address, None):
            raise OSError(ctypes.get_errno(), "timerfd_settime")

    def close(self) -> None:
        self._loop.remove_reader(self._file)
        os.close(self._file)
