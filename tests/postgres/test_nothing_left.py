"""However a run ends, no process, port or directory of its PostgreSQL is left."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pytest_asyncbench import directories
from pytest_asyncbench.postgres import provide, rundir
from pytest_asyncbench.postgres.account import choose_account
from pytest_asyncbench.postgres.sweep import sweep

LIMIT = 30.0
OWNER = """
import sys, threading, time
from pytest_asyncbench.postgres import provide
cluster = provide(sys.argv[1])
busy = lambda: cluster.connect().execute("SELECT count(*) FROM generate_series(1, 1000000000)")
for _ in range(2):
    threading.Thread(target=busy, daemon=True).start()
while len(cluster.execute("SELECT 1 FROM pg_stat_activity WHERE query LIKE '%generate_series%'")) < 3:
    time.sleep(0.01)
print(cluster.port, cluster._server.directory.path, *cluster.pids(), flush=True)
time.sleep(600)
"""


def until(condition, what):
    limit = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < limit, what
        time.sleep(0.01)


def segments(pids: list[str]) -> list[str]:
    """System V shared memory that one of these processes made."""
    table = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return [line for line in table if line.split()[4] in pids]


def mapped(pids: list[str]) -> set[Path]:
    """POSIX shared memory that these processes use."""
    maps = [line.split() for pid in pids for line in Path(f"/proc/{pid}/maps").read_text().splitlines()]
    return {Path(fields[5]) for fields in maps if len(fields) == 6 and fields[5].startswith("/dev/shm/")}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_owner_ends_while_queries_run(choice, number):
    argv = [sys.executable, "-c", OWNER, choice]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as owner:
        port, directory, *pids = owner.stdout.readline().split()
        assert len(pids) >= 3
        shared = mapped(pids)
        owner.send_signal(number)
    until(lambda: not any(psutil.pid_exists(int(pid)) for pid in pids), "processes are left")
    until(lambda: not Path(directory).exists(), "the directory is left")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port)))
    assert segments(pids) == []
    assert not [path for path in shared if path.exists()]


def test_sweep_removes_what_has_no_owner(tmp_path):
    account = choose_account()
    directory = rundir.create(account, on_disk=False)
    sweep(account)
    assert directory.path.exists()  # ours, and in use
    os.close(directories.live.pop(directory.path))
    assert directory.path in sweep(account)
    assert not directory.path.exists()


def test_sweep_leaves_other_runs_alone():
    account = choose_account()
    directory = rundir.create(account, on_disk=False)
    code = "import os; from pytest_asyncbench.postgres.account import choose_account as a; "
    code += "from pytest_asyncbench.postgres.sweep import sweep; print(sweep(a()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert str(directory.path) not in done.stdout
    assert directory.path.exists()
    directory.release()
    assert not directory.path.exists()


def test_sweep_ends_the_server_too():
    cluster = provide("auto")
    pids = cluster.pids()
    path = cluster._server.directory.path
    code = (
        "import sys; from pathlib import Path; from pytest_asyncbench.postgres.sweep import _end_server; "
        "_end_server(Path(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
    until(lambda: not any(map(psutil.pid_exists, pids)), "processes are left")
    cluster.close()


def test_sweep_does_not_touch_what_only_looks_like_ours(tmp_path, monkeypatch):
    monkeypatch.setattr("pytest_asyncbench.postgres.sweep.places", lambda: [tmp_path])
    (tmp_path / (rundir.PREFIX + "file")).touch()
    (tmp_path / (rundir.PREFIX + "link")).symlink_to("/etc")
    (tmp_path / (rundir.PREFIX + "nolock")).mkdir()
    (tmp_path / (rundir.PREFIX + "linked")).mkdir()
    (tmp_path / (rundir.PREFIX + "linked") / directories.LOCK).symlink_to("/etc/passwd")
    (tmp_path / "other").mkdir()
    assert sweep(None) == []
    assert len(list(tmp_path.iterdir())) == 5


def test_places_that_will_not_do(tmp_path, monkeypatch):
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    monkeypatch.setattr("pytest_asyncbench.postgres.rundir.places", lambda: [deep, Path("/dev/shm")])
    with pytest.raises(rundir.PostgresError, match=r"too long for a Unix socket.*durable"):
        rundir.create(None, on_disk=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_place_that_the_servers_user_cannot_enter(monkeypatch):
    monkeypatch.setattr("pytest_asyncbench.postgres.rundir.places", lambda: [Path("/root")])
    with pytest.raises(rundir.PostgresError, match="nobody cannot enter"):
        rundir.create(choose_account(), on_disk=False)


def test_spreading_is_harmless_elsewhere():
    rundir.spread_directories(Path("/proc"))
    rundir.spread_directories(Path("/no/such/directory"))


def test_locks_are_not_inherited():
    """A forked child that lives on must not make its dead parent look alive."""
    directory = rundir.create(None, on_disk=False)
    pid = os.fork()
    if pid == 0:
        fd = os.open(directory.path / directories.LOCK, os.O_RDWR)
        try:
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os._exit(0)  # the parent's lock is not the child's
        os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0
    directory.release()
