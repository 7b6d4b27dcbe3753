"""Who runs PostgreSQL: it refuses root, so root runs it as somebody else, who must reach its programs."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_asyncbench.errors import PostgresError
from pytest_asyncbench.postgres.binaries import Installation

DEFAULT_USER = "nobody"
"""Not "postgres": that account may own a real cluster."""
STAGING_PLACES = ("/var/tmp", "/tmp")


@dataclass(frozen=True, slots=True)
class Account:
    """The user that the server runs as."""

    name: str
    uid: int
    gid: int


def choose_account(user: str = DEFAULT_USER) -> Account | None:
    """None: as we are. As root: `user`, who needs a passwd entry (initdb asks for it)."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(user)
    except KeyError as error:
        raise PostgresError(
            f"PostgreSQL does not run as root, and there is no user {user!r} to run it as: "
            f"create it (useradd --system {user}), or run pytest as an ordinary user"
        ) from error
    if entry.pw_uid == 0:
        raise PostgresError(f"PostgreSQL does not run as root, and the user {user!r} is root, too")
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def run_as(
    account: Account | None, argv: Sequence[str], **options: object
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end as that user; its output and errors in `stdout`. Raises OSError."""
    who = {} if account is None else {"user": account.uid, "group": account.gid, "extra_groups": []}
    return subprocess.run(  # type: ignore[no-any-return,call-overload]
        argv,
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **who,
        **options,
    )


def usable(installation: Installation, account: Account | None) -> Installation:
    """The installation, or a copy of it, that the account can run. Raises PostgresError with what was tried."""
    if account is None:
        return installation
    reason = _why_not(installation, account)
    if reason is None:
        return installation
    tried = [f"{installation.bindir}: {reason}"]
    for place in STAGING_PLACES if installation.tree else ():
        copy = _staged(installation, Path(place))
        reason = _why_not(copy, account)
        if reason is None:
            return copy
        tried.append(f"{copy.bindir}: {reason}")
    raise PostgresError(
        f"{installation} cannot be run by the user {account.name!r}, and PostgreSQL does not run as root "
        f"({'; '.join(tried)})\nRun pytest as an ordinary user, or put PostgreSQL where every user can read it"
    )


def _why_not(installation: Installation, account: Account) -> str | None:
    """None when `postgres --version` works for that user along the whole path, else what went wrong."""
    try:
        done = run_as(account, [installation.program("postgres"), "--version"], stdin=subprocess.DEVNULL)
    except OSError as error:
        return str(error)
    return None if done.returncode == 0 else f"exit code {done.returncode}: {done.stdout.strip()}"


def _staged(installation: Installation, place: Path) -> Installation:
    """A copy that every user can read, made once: 23 MB, in a directory that only root can change."""
    home = place / "pytest-asyncbench-programs"
    _own_directory(home)
    target = home / f"{installation.version}-{_fingerprint(installation)}"
    if not _complete(target):
        shutil.rmtree(target, ignore_errors=True)  # files in /var/tmp may have been cleared away one by one
        _copy(installation.tree, home, target)
    return replace(installation, bindir=target / installation.bindir.relative_to(installation.tree[0].parent))


def _own_directory(path: Path) -> None:
    path.mkdir(mode=0o755, exist_ok=True)
    status = path.lstat()
    if not path.is_dir() or path.is_symlink() or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise PostgresError(
            f"{path} must be a directory that belongs to root and that only root can write to"
        )
    path.chmod(0o755)  # whatever the umask was


def _fingerprint(installation: Installation) -> str:
    status = os.stat(installation.program("postgres"))
    what = f"{installation.bindir} {status.st_size} {status.st_mtime_ns}"
    return hashlib.sha256(what.encode()).hexdigest()[:12]


def _copy(trees: Sequence[Path], home: Path, target: Path) -> None:
    work = Path(tempfile.mkdtemp(dir=home))
    for tree in trees:
        unneeded = shutil.ignore_patterns("include", "__pycache__", "*.py", "*.a", "pgxs")
        shutil.copytree(tree, work / tree.name, symlinks=True, ignore=unneeded)
    for path in [work, *work.rglob("*")]:
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o055 if mode & 0o100 else 0o044))  # as installed by somebody with umask 077
    (work / ".files").write_text(str(_count(work) + 1))
    try:
        work.rename(target)
    except OSError:  # another pytest was faster
        shutil.rmtree(work)


def _complete(target: Path) -> bool:
    try:
        return int((target / ".files").read_text()) == _count(target)
    except (FileNotFoundError, ValueError):
        return False


def _count(directory: Path) -> int:
    return sum(len(files) for _, _, files in os.walk(directory))
