"""The directory that one server lives in: private, on the right disk, known to be ours."""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pytest_asyncbench.directories import create_in, release
from pytest_asyncbench.errors import PostgresError
from pytest_asyncbench.postgres.account import Account

PREFIX = "pytest-asyncbench-pg-"
MAX_SOCKET_PATH = 107


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """A directory of mode 0700 that belongs to the server's user."""

    path: Path

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return data_directory(self.path)

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.path / "log"

    def release(self) -> None:
        """Remove it, if that has not been done by then."""
        release(self.path)


def data_directory(path: Path) -> Path:
    """Where the data lie in a run directory: under a name of their own, see `spread_directories`."""
    return path / f"data-{path.name[-8:]}"


def create(account: Account | None, *, on_disk: bool) -> RunDirectory:
    """A new directory in the first of TMPDIR, /var/tmp, /tmp that the server's user can reach.

    `on_disk`: not on tmpfs, where fsync costs nothing. Raises PostgresError when none will do.
    """
    tried = []
    for place in places():
        reason = _unfit(place, account, on_disk)
        if reason is None:
            return _create_in(place, account)
        tried.append(f"{place}: {reason}")
    raise PostgresError(
        f"no place for PostgreSQL's data: {'; '.join(tried)}. Set TMPDIR to a directory that will do"
    )


def places() -> list[Path]:
    """Where server directories may lie, best first."""
    return list(dict.fromkeys(map(Path, (tempfile.gettempdir(), "/var/tmp", "/tmp"))))


def _unfit(place: Path, account: Account | None, on_disk: bool) -> str | None:
    name = f"{place}/{PREFIX}{'x' * 8}/.s.PGSQL.65535"
    if len(os.fsencode(name)) > MAX_SOCKET_PATH:
        return "its path is too long for a Unix socket"
    if not os.access(place, os.W_OK | os.X_OK):
        return "not writable"
    if account is not None and not _reachable(place, account):
        return f"the user {account.name} cannot enter it"
    if on_disk and _on_tmpfs(place):
        return "on tmpfs, which cannot be durable"
    return None


def _reachable(place: Path, account: Account) -> bool:
    for directory in [place, *place.absolute().parents]:
        status = directory.stat()
        shift = 6 if status.st_uid == account.uid else 3 if status.st_gid == account.gid else 0
        if not status.st_mode >> shift & 1:
            return False
    return True


def _on_tmpfs(place: Path) -> bool:
    try:
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    except OSError:
        return False
    above = [m for m in mounts if place.resolve().is_relative_to(m[1].replace("\\040", " "))]
    return bool(above) and max(above, key=lambda mount: len(mount[1]))[2] in ("tmpfs", "ramfs")


def _create_in(place: Path, account: Account | None) -> RunDirectory:
    def prepare(path: Path) -> None:
        spread_directories(path)
        if account is not None:
            os.chown(path, account.uid, account.gid)

    return RunDirectory(create_in(place, PREFIX, prepare))


def spread_directories(path: Path) -> None:
    """Ask ext4 to put the directories made in `path` far from each other ("top directory" flag).

    Without a journal ext4 passes over every inode that was freed within the last minutes, one by one, for each new
    file: here a copy of a cluster took 1.3 s beside one just removed, and 0.2 s so. The place follows from the
    new directory's name, which therefore must be a new one, too. Other file systems refuse: no harm.
    """
    get, put, topdir = 0x80086601, 0x40086602, 0x00020000  # linux/fs.h, where long has 64 bits
    if struct.calcsize("l") != 8:
        return
    with contextlib.suppress(OSError):
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            (flags,) = struct.unpack("l", fcntl.ioctl(fd, get, bytes(8)))
            fcntl.ioctl(fd, put, struct.pack("l", flags | topdir))
        finally:
            os.close(fd)
