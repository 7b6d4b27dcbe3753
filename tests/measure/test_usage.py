"""What a process tree used."""

from __future__ import annotations

import os
import sys

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.measure import usage

NOBODY = 2**22 + 1
TIMES = st.dictionaries(st.integers(1, 9), st.floats(0, 100))
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the CPU clocks of Linux")


@linux
def test_cpu_time_of_this_process():
    before = usage.cpu_times([os.getpid(), NOBODY])
    assert list(before) == [os.getpid()]
    sum(range(100_000))
    used = usage.cpu_between(before, usage.cpu_times([os.getpid()]))
    assert 0 < used < 60
    assert before[os.getpid()] == pytest.approx(sum(psutil.Process().cpu_times()[:2]), abs=5)


def test_where_there_are_no_cpu_clocks_nothing_is_known(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert usage.cpu_times([os.getpid()]) == {}


@given(TIMES, TIMES)
def test_new_processes_count_whole_and_ended_ones_not(before, after):
    used = usage.cpu_between(before, after)
    if not after:
        assert used is None
    else:
        assert used == pytest.approx(sum(time - before.get(pid, 0) for pid, time in after.items()))


@linux
def test_memory_of_this_process():
    assert 1e6 < usage.memory([os.getpid(), NOBODY]) < psutil.virtual_memory().total


def test_memory_that_cannot_be_read():
    assert usage.memory([NOBODY]) is None
    assert usage.memory([]) is None
