"""Directories of a run in the temporary directory: private, known to be ours, and gone when we are.

A lock on a file in each tells other runs that it is in use. The janitor removes them when this process is killed; what
a power cut left, the next run sweeps.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from pytest_asyncbench.janitor import LIMIT

PREFIX = "asyncbench-"
LOCK = "owner.lock"
SCRIPT = Path(__file__).with_name("janitor.py")
MARK = "ASYNCBENCH_DIRECTORY"
"""In the environment of every server: whose it is, for a sweep that finds it without owner and supervisor."""

live: dict[Path, int] = {}
"""The directories of this process, and the locks that we hold on a file in each while we live. Our own locks do not
keep us out, and closing any copy would release them."""
_swept: list[Path] | None = None
_sweeping = threading.Lock()


def create(kind: str) -> Path:
    """A new directory `asyncbench-KIND-...`, of mode 0700, in the temporary directory.

    The first one sweeps away what other runs have left there.
    """
    sweep_once()
    return create_in(Path(tempfile.gettempdir()), f"{PREFIX}{kind}-")


def create_in(place: Path, prefix: str, prepare: Callable[[Path], None] = lambda path: None) -> Path:
    """A new directory in `place`, prepared and locked before it has its name: no sweep finds it without an owner."""
    hidden, path = _names(place, prefix)
    while path.exists() or hidden.exists():  # somebody else's, which the janitor must not hear of
        hidden, path = _names(place, prefix)
    _tell(b"+", hidden)
    _tell(b"+", path)
    hidden.mkdir(mode=0o700)
    lock = os.open(hidden / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    # lockf, not flock: a lock that forked children do not inherit.
    fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    live[path] = lock
    try:
        prepare(hidden)
        hidden.rename(path)
    except BaseException:
        shutil.rmtree(hidden, ignore_errors=True)
        disown(path)
        raise
    finally:
        _tell(b"-", hidden)
    return path


def _names(place: Path, prefix: str) -> tuple[Path, Path]:
    """A new name: hidden, while the directory is made, and then."""
    name = prefix + secrets.token_hex(4)
    return place / f".{name}", place / name


def release(path: Path) -> None:
    """Remove a directory, if that has not been done by then; calling it again does nothing."""
    shutil.rmtree(path, ignore_errors=True)
    disown(path)


def disown(path: Path) -> None:
    """A directory has been removed; nothing happens if it is none of ours, or was disowned before."""
    lock = live.pop(path, None)
    if lock is not None:
        _tell(b"-", path)
        os.close(lock)


@contextlib.contextmanager
def abandoned(path: Path, users: set[int]) -> Iterator[bool]:
    """Whether the directory is one of ours without an owner; holds its lock meanwhile. Raises OSError."""
    status = path.lstat()
    if path in live or not stat.S_ISDIR(status.st_mode) or status.st_uid not in users:
        yield False
        return
    lock = os.open(path / LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        yield _take(lock)
    finally:
        os.close(lock)


def _take(fd: int) -> bool:
    try:
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def sweep_once() -> list[Path]:
    """`sweep` the temporary directory, once for this process."""
    global _swept  # noqa: PLW0603 - a process has one temporary directory, and one past
    with _sweeping:
        if _swept is None:
            _swept = sweep(Path(tempfile.gettempdir()))
        return _swept


def sweep(place: Path) -> list[Path]:
    """Remove the directories in `place` that have no owner any more, and end what was started in them."""
    swept = []
    for path in place.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError), abandoned(path, {os.geteuid()}) as forgotten:
            if forgotten:
                _end_processes(path)
                shutil.rmtree(path, ignore_errors=True)
                swept.append(path)
    return swept


def _end_processes(path: Path) -> None:
    """Kill every process whose environment says that it was started for this directory."""
    if not hasattr(os, "pidfd_open"):  # no way to be sure which process it is
        return
    wanted = f"{MARK}={path}".encode()
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        with contextlib.suppress(OSError):
            fd = os.pidfd_open(int(entry))  # from here on the number cannot become another process's
            try:
                if wanted in Path(f"/proc/{entry}/environ").read_bytes().split(b"\0"):
                    signal.pidfd_send_signal(fd, signal.SIGKILL)
            finally:
                os.close(fd)


class _Janitor:
    """This process's janitor, started with the first directory."""

    def __init__(self) -> None:
        argv = [sys.executable, "-I", "-S", str(SCRIPT), str(os.getpid())]
        self.process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for pytest
        )
        self.owner = os.getpid()
        atexit.register(self.close)

    def tell(self, note: bytes) -> None:
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # somebody killed it: the sweep remains
            os.write(self.process.stdin.fileno(), note)

    def close(self) -> None:
        if os.getpid() == self.owner and self.process.stdin is not None:
            self.process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(LIMIT)


_janitor: _Janitor | None = None
_hiring = threading.Lock()


def hire_janitor() -> None:
    """Start this process's janitor, if it has none yet."""
    global _janitor  # noqa: PLW0603 - one for each process, whoever needs it first
    with _hiring:
        if _janitor is None or _janitor.owner != os.getpid():
            _janitor = _Janitor()


def _tell(sign: bytes, path: Path) -> None:
    hire_janitor()
    assert _janitor is not None
    _janitor.tell(sign + os.fsencode(path) + b"\0")
