"""Removes the directories of a pytest that ended without doing so: killed between making one and handing it on.

Run as a script, `python -I -S janitor.py OWNER_PID`, one for each process that makes directories. Standard input
tells it what there is: `+PATH` and `-PATH`, each ended by a zero byte. When the owner has gone it gives the supervisors
(`supervisor.py`), which end the processes first, a moment, and removes what is left then.

Standard library only, and little of it, as the supervisor.
"""

from __future__ import annotations

import os
import select
import sys
import time

GRACE = 1.0
"""Seconds for the supervisors, who know when a directory is no longer written to."""
LIMIT = 10.0
"""Seconds until a directory that cannot be removed is left to the next run's sweep."""


def watch(owner: int) -> tuple[set[bytes], bool]:
    """Take notes until the owner has gone; the directories that are there then, and whether it went by itself."""
    paths: set[bytes] = set()
    buffer = b""
    poller = select.poll()
    poller.register(0, select.POLLIN)
    pidfd = _open(owner)
    if pidfd is not None:
        poller.register(pidfd, select.POLLIN)
    gone = pidfd is None and os.getppid() != owner
    while True:
        ready = [fd for fd, _ in poller.poll(0 if gone else None)]
        if 0 in ready:
            data = os.read(0, 1 << 16)
            if not data:
                return paths, not gone
            *notes, buffer = (buffer + data).split(b"\0")
            for note in notes:
                (paths.add if note[:1] == b"+" else paths.discard)(note[1:])
        elif gone:
            return paths, False
        gone = gone or pidfd in ready


def _open(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends; None if it has ended, or where there are none."""
    try:
        fd = os.pidfd_open(pid)
    except (OSError, AttributeError):
        return None
    return fd if os.getppid() == pid else None


def remove(paths: set[bytes], grace: float) -> None:
    """Remove the directories that are still there after `grace` seconds, for LIMIT seconds at most."""
    began = time.monotonic()
    while left := [path for path in paths if os.path.lexists(path)]:
        if (passed := time.monotonic() - began) > LIMIT:
            return
        if passed >= grace:
            import shutil  # 8 ms that only the end needs

            for path in left:
                shutil.rmtree(path, ignore_errors=True)
        time.sleep(0.05)


def main(owner: int) -> None:
    """Serve the process `owner`."""
    os.chdir("/")
    paths, orderly = watch(owner)
    remove(paths, 0.0 if orderly else GRACE)


if __name__ == "__main__":
    main(int(sys.argv[1]))
