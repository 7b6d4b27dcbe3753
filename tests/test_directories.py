"""A directory of ours goes when its owner goes, however that is; and what stayed after all goes with the next run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from pytest_asyncbench import directories

LIMIT = 30.0
OWNER = """
import os, sys, time
from pytest_asyncbench import directories
path = directories.create("server")
(path / "file").write_text("x")
{more}
os.write(1, f"{{path}} {{directories._janitor.process.pid}}\\n".encode())
{end}
"""


def until(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(0.01)


@pytest.fixture
def owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Starts a process that makes a directory; gives the process, the directory, and the pid of its janitor."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    started: list[subprocess.Popen[str]] = []

    def start(end: str = "time.sleep(600)", more: str = "") -> tuple[subprocess.Popen[str], Path, int]:
        code = OWNER.format(more=more, end=end)
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        path, pid = process.stdout.readline().split()
        return process, Path(path), int(pid)

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.mark.parametrize(
    "end",
    ["", "raise ValueError", "os._exit(3)", "os.kill(os.getpid(), 9)", "os.kill(os.getpid(), 15)"],
)
def test_it_goes_when_its_owner_ends(owner, tmp_path, end):
    process, path, janitor = owner(end)
    assert path.parent == tmp_path
    process.wait(LIMIT)
    until(lambda: not path.exists() and not psutil.pid_exists(janitor))
    assert list(tmp_path.iterdir()) == []


def test_it_goes_although_a_forked_copy_of_its_owner_lives_on(owner):
    process, path, janitor = owner(more="copy = os.fork()\nif copy == 0: time.sleep(600)")
    [copy] = [child for child in psutil.Process(process.pid).children() if child.pid != janitor]
    process.kill()
    until(lambda: not path.exists())
    copy.kill()


def test_it_stays_while_its_owner_lives(owner):
    _, path, _ = owner()
    assert oct(path.stat().st_mode & 0o777) == "0o700"
    assert directories.sweep(path.parent) == []
    assert (path / "file").exists()


def test_what_nobody_removed_is_swept_with_its_processes(owner, tmp_path, monkeypatch):
    """As after a crash of the machine, or when somebody killed everything but a server."""
    process, path, janitor = owner()
    os.kill(janitor, signal.SIGKILL)
    process.kill()
    process.wait(LIMIT)
    argv = [sys.executable, "-c", "import time; time.sleep(600)"]
    with (
        subprocess.Popen(argv, env={**os.environ, directories.MARK: str(path)}) as forgotten,
        subprocess.Popen(argv, env={**os.environ, directories.MARK: f"{path}x"}) as another,
    ):
        try:
            assert (path / "file").exists()
            monkeypatch.setattr(directories, "_swept", None)
            monkeypatch.setattr(directories.tempfile, "tempdir", str(tmp_path))
            assert directories.sweep_once() == [path]
            assert not path.exists()
            assert forgotten.wait(LIMIT) == -signal.SIGKILL
            assert another.poll() is None
        finally:
            forgotten.kill()
            another.kill()


def test_a_sweep_does_not_touch_what_only_looks_like_ours(tmp_path):
    for name in ("file", "link", "nolock", "linked"):
        path = tmp_path / f"{directories.PREFIX}{name}"
        if name == "file":
            path.touch()
        elif name == "link":
            path.symlink_to("/etc")
        else:
            path.mkdir()
    (tmp_path / f"{directories.PREFIX}linked" / directories.LOCK).symlink_to("/etc/passwd")
    assert directories.sweep(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == 4


def test_release_and_disown_may_come_twice(tmp_path):
    path = directories.create_in(tmp_path, "x-")
    assert path in directories.live
    directories.release(path)
    directories.release(path)
    directories.disown(path)
    assert not path.exists()
    assert path not in directories.live


def test_what_cannot_be_prepared_is_removed(tmp_path):
    def prepare(path: Path) -> None:
        raise PermissionError("chown")

    with pytest.raises(PermissionError, match="chown"):
        directories.create_in(tmp_path, "x-", prepare)
    assert list(tmp_path.iterdir()) == []
    assert not [path for path in directories.live if path.parent == tmp_path]


def test_a_name_that_somebody_has_is_passed_over(tmp_path, monkeypatch):
    names = iter(["first", "second", "third"])
    monkeypatch.setattr(directories.secrets, "token_hex", lambda _: next(names))
    (tmp_path / "x-first").mkdir()
    (tmp_path / ".x-second").mkdir()
    assert directories.create_in(tmp_path, "x-") == tmp_path / "x-third"
    directories.release(tmp_path / "x-third")


def test_without_a_janitor_the_sweep_remains(owner):
    process, _, _ = owner(
        more="directories._janitor.process.kill(); directories._janitor.process.wait()",
        end="directories.release(path); print('released', path.exists())",
    )
    assert process.stdout.readline().split() == ["released", "False"]
    assert process.wait(LIMIT) == 0
