"""What a process tree has used, against what it was made to use."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pytest_asyncbench.measure import tree

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="there is no /proc")


def test_cpu_of_children_that_have_ended_is_kept():
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    before = tree.read_tree([os.getpid()])
    subprocess.run([sys.executable, "-c", burn], check=True)
    after = tree.read_tree([os.getpid()])
    assert after.ended - before.ended >= 0.28
    assert after.total - before.total >= 0.28


def test_threads_and_switches_are_counted():
    over = threading.Event()
    before = tree.read_tree([os.getpid()])
    threads = [threading.Thread(target=over.wait) for _ in range(5)]
    for thread in threads:
        thread.start()
    for _ in range(50):
        time.sleep(0.001)
    after = tree.read_tree([os.getpid()])
    over.set()
    for thread in threads:
        thread.join()
    assert after.threads == before.threads + 5
    assert after.switches >= before.switches + 50
    assert tree.shares(before, after, 1.0)[0][1] >= 0


def test_a_process_that_has_gone_is_nothing():
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    reading = tree.read_tree([child.pid])
    assert (dict(reading.cpu), reading.threads, reading.total) == ({}, 0, 0.0)


def test_the_machine():
    before = tree.read_machine([os.getpid()])
    time.sleep(0.05)
    after = tree.read_machine([os.getpid()])
    assert 0 <= tree.stolen_share(before, after) <= 1
    assert 0 <= tree.throttled_share(before, after) <= 1


def test_shares():
    before, after = (tree.MachineReading(1.0, 5.0, 10.0, {}), tree.MachineReading(2.0, 6.0, 14.0, {}))
    assert tree.stolen_share(before, after) == 0.25
    assert tree.busy_share(before, after) == 0.75
    assert tree.throttled_share(before, after) == 0
    one, other = Path("one"), Path("other")
    before = tree.MachineReading(0, 0, 0, {one: (10, 2), other: (5, 5)})
    after = tree.MachineReading(0, 0, 0, {one: (30, 7), other: (9, 6)})
    assert tree.throttled_share(before, after) == 0.25
