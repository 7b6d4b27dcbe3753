"""Watches over one process tree, so that nothing of it outlives pytest.

Run as a script, `python -I -S supervisor.py CONTROL_FD OWNER_PID`: one supervisor per child process. It lives
in its own session, adopts every descendant of its child (also daemons that fork twice and leave the session),
and watches its owner through a pidfd: a pipe alone would be held open by whatever the owner forks. When the
owner asks, or has gone, however it went, the whole tree is ended and the directories named in the order are
removed.

Standard library only, and little of it: its start is part of every server's start. `json`, `signal` (enum)
and `subprocess` would triple the time. Hence marshal on the wire (both ends are the same interpreter).
"""

from __future__ import annotations

import marshal
import os
import select
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Sequence
    from typing import Any, NoReturn
else:
    try:
        import _signal as signal  # the same functions without the enums, which cost 4 ms
    except ImportError:
        import signal

LINUX = sys.platform == "linux"
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
NO_MOUNTS = (
    "it needs its own copy of {places}, and the kernel allows no private mount here ({step}: {why}); run pytest as "
    "root (in a container with CAP_SYS_ADMIN), or allow unprivileged user namespaces, or give the app its host "
    "another way"
)
OWNER_DEATH_GRACE = 3.0
"""Seconds that a child has after `death_signal` when its owner has died (none if that is SIGKILL)."""
LOG_LOOK = 0.5
"""Seconds between looks at the size of the log."""
LOG_LIMIT = 8 << 20
"""Bytes on the disk above which the middle of the log is dropped: it is no reason for a full disk."""
LOG_HEAD = 256 << 10
LOG_TAIL = 1 << 20
"""Bytes of a log that are kept: of its beginning, where the cause is, and of its end."""
PUNCH_HOLE = 3
"""FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE: what is written next goes where it would have gone."""
RESET_SIGNALS = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM)
"""Python ignores the first two, a background shell the third: ignored signals would be inherited."""
KILL_LIMIT = 10.0
"""Seconds until processes that survive SIGKILL (stuck in the kernel, of another user) are given up."""


class Channel:
    """Messages (dicts of plain values) over a socket: four bytes of length, then marshal."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._buffer = bytearray()

    def send(self, message: dict[str, Any]) -> bool:
        """Send all of it; False when the other end has gone."""
        body = marshal.dumps(message)
        data = memoryview(len(body).to_bytes(4, "big") + body)
        try:
            while data:
                data = data[os.write(self.fd, data) :]
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def receive(self) -> list[dict[str, Any]] | None:
        """Read once; the messages that are complete now, or None at the end of the stream."""
        try:
            data = os.read(self.fd, 1 << 16)
        except ConnectionResetError:
            return None
        if not data:
            return None
        self._buffer += data
        return list(self._complete())

    def _complete(self) -> list[dict[str, Any]]:
        messages = []
        while len(self._buffer) >= 4:
            end = 4 + int.from_bytes(self._buffer[:4], "big")
            if len(self._buffer) < end:
                break
            messages.append(marshal.loads(bytes(self._buffer[4:end])))
            del self._buffer[:end]
        return messages


def descendants(root: int) -> list[int]:
    """All living descendants of the process `root`, itself and zombies excluded."""
    children: dict[int, list[int]] = {}
    dead = set()
    for pid, parent, state in process_table():
        children.setdefault(parent, []).append(pid)
        if state == "Z":
            dead.add(pid)
    found: list[int] = []
    frontier = [root]
    while frontier:
        below = children.get(frontier.pop(), [])
        found += below
        frontier += below
    return [pid for pid in found if pid not in dead]


def process_table() -> list[tuple[int, int, str]]:
    """(pid, parent's pid, state letter) of every process that we can see."""
    if not os.path.isdir("/proc/self"):
        return _process_table_of_ps()
    table = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", "rb", buffering=0) as file:
                    # The name may hold spaces and parentheses: what follows the last one is safe to split.
                    state, parent = file.read(512).rpartition(b")")[2].split()[:2]
            except (FileNotFoundError, ProcessLookupError):
                continue
            table.append((int(entry), int(parent), state.decode()))
    return table


def _process_table_of_ps() -> list[tuple[int, int, str]]:
    import subprocess

    ps = ["ps", "-axo", "pid=,ppid=,stat="]
    lines = subprocess.run(ps, check=False, capture_output=True, text=True).stdout.splitlines()
    return [(int(pid), int(parent), state[0]) for pid, parent, state in map(str.split, lines)]


def remove_directories(paths: Sequence[str]) -> list[str]:
    """Remove the directories with all that they hold; the ones that could not be removed."""
    if not paths:
        return []
    import shutil  # 8 ms that only the end needs

    for path in paths:
        shutil.rmtree(path, ignore_errors=True)
    return [path for path in paths if os.path.lexists(path)]


def bound_log(libc: Any, log: int = 2) -> None:
    """Give the disk back what lies between the first and the last part of a long log."""
    status = os.fstat(log)
    if status.st_blocks * 512 <= LOG_LIMIT or status.st_size <= LOG_LIMIT:
        return
    end = status.st_size - LOG_TAIL
    if libc is not None and not libc.fallocate(log, PUNCH_HOLE, LOG_HEAD, end - LOG_HEAD):
        return
    os.ftruncate(log, LOG_HEAD)  # a file system without holes: the beginning, and what comes from now on
    os.write(log, b"\n[... %d bytes left out ...]\n" % (status.st_size - LOG_HEAD))


class Supervisor:
    """The child, and what is known about its end."""

    def __init__(self, channel: Channel, owner: int) -> None:
        self._channel = channel
        self._libc = _load_libc()
        self._prctl = _prctl_of(self._libc)
        self._prctl(PR_SET_CHILD_SUBREAPER, 1)
        self._wakeup = _signals_to_pipe()
        self._poller = select.poll()
        for fd in (channel.fd, self._wakeup):
            self._poller.register(fd, select.POLLIN)
        self._owner_fd = _open_owner(owner)
        if self._owner_fd is not None:
            self._poller.register(self._owner_fd, select.POLLIN)
        self._order: dict[str, Any] = {}
        self._child = 0
        self._exit: int | None = None
        self._deadline: float | None = None

    def run(self) -> None:
        """Start what the owner's first message orders, and see it to its end."""
        if not self._await_order():
            return
        try:
            self._child = self._spawn()
        except OSError as error:
            left = remove_directories(self._order["remove"])
            self._channel.send({"error": str(error), "left": left})
            return
        self._channel.send({"pid": self._child})
        while not self._over():
            self._wait()
        self._finish()

    def _await_order(self) -> bool:
        """Take the owner's first message; False when the owner has gone before it came."""
        while not self._order:
            for fd, _ in self._poller.poll():
                messages = self._channel.receive() if fd == self._channel.fd else []
                if messages is None or fd == self._owner_fd:
                    return False
                self._order = messages[0] if messages else {}
        return True

    def _over(self) -> bool:
        if self._deadline is None:
            return False
        return self._exit is not None or time.monotonic() >= self._deadline

    def _wait(self) -> None:
        rest = LOG_LOOK if self._deadline is None else self._deadline - time.monotonic()
        events = self._poller.poll(max(0.0, min(rest, LOG_LOOK)) * 1000)
        bound_log(self._libc)
        for fd, _ in events:
            if fd == self._wakeup:
                self._on_signals(os.read(fd, 512))
            elif fd == self._channel.fd:
                self._on_messages(self._channel.receive())
            else:
                self._on_owner_death()

    def _on_signals(self, numbers: bytes) -> None:
        if signal.SIGCHLD in numbers:
            self._reap()
            if self._exit is not None and self._deadline is None:
                self._kill_all()
        if set(numbers) - {signal.SIGCHLD}:
            self._stop(self._order["grace"])

    def _on_messages(self, messages: list[dict[str, Any]] | None) -> None:
        if messages is None:
            self._poller.unregister(self._channel.fd)
            self._on_owner_death()
            return
        for message in messages:
            self._stop(message["grace"])

    def _on_owner_death(self) -> None:
        if self._owner_fd is not None:
            self._poller.unregister(self._owner_fd)
            self._owner_fd = None
        number = self._order["death_signal"]
        self._signal_child(number)
        self._shorten_deadline(0.0 if number == signal.SIGKILL else OWNER_DEATH_GRACE)

    def _stop(self, grace: float) -> None:
        if self._deadline is None:
            self._signal_child(self._order["stop_signal"])
        self._shorten_deadline(grace)

    def _shorten_deadline(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        self._deadline = deadline if self._deadline is None else min(self._deadline, deadline)

    def _signal_child(self, number: int) -> None:
        if self._exit is None:  # nobody but us reaps it, so that its number cannot be another process's
            _kill(self._child, number)

    def _reap(self) -> bool:
        """Take the exit codes that are there; False when no child is left, and so no descendant either."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self._child:
                self._exit = os.waitstatus_to_exitcode(status)
                self._channel.send({"exit": self._exit})

    def _kill_all(self) -> list[int]:
        """Kill until no descendant is left; the ones that survive for KILL_LIMIT seconds."""
        limit = time.monotonic() + KILL_LIMIT
        while self._reap():
            alive = descendants(os.getpid())
            for pid in alive:
                _kill(pid, signal.SIGKILL)
            if time.monotonic() > limit:
                return alive
            # A process that forks faster than it is killed loses: its children are found in the next walk.
            if select.select([self._wakeup], [], [], 0.01)[0]:
                os.read(self._wakeup, 512)
        return []

    def _finish(self) -> None:
        survivors = self._kill_all()
        left = remove_directories(self._order["remove"])
        self._channel.send({"stopped": True, "survivors": survivors, "left": left})

    def _spawn(self) -> int:
        """Fork and exec the child; raises OSError with what failed."""
        read_end, write_end = os.pipe()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become_child(parent, write_end)
        os.close(write_end)
        for fd in self._order["pass_fds"]:  # the child's end: the owner wants to see it close
            os.close(fd)
        with open(read_end, "rb") as failures:
            failure = failures.read()
        if failure:
            os.waitpid(pid, 0)
            raise OSError(failure.decode(errors="replace"))
        return pid

    def _mount(self, mounts: list[tuple[bytes, bytes]]) -> None:
        """Put files in the place of others, in a mount namespace of our own; nobody else sees them."""
        step = "unshare"
        try:
            _enter_mount_namespace(self._libc)
            step = "mount"
            _call(self._libc.mount, None, b"/", None, MS_REC | MS_PRIVATE, None)
            for source, target in mounts:
                _call(self._libc.mount, source, target, None, MS_BIND, None)
        except OSError as error:
            places = ", ".join(os.fsdecode(target) for _, target in mounts)
            raise ValueError(NO_MOUNTS.format(places=places, step=step, why=error.strerror)) from error

    def _become_child(self, parent: int, failures: int) -> NoReturn:
        order = self._order
        try:
            signal.set_wakeup_fd(-1)
            for number in {*RESET_SIGNALS, order["stop_signal"]} - {signal.SIGKILL}:
                signal.signal(number, signal.SIG_DFL)
            os.setsid()
            os.dup2(2, 1)
            os.chdir(order["cwd"])
            if order["mounts"]:
                self._mount(order["mounts"])
            if order["user"] is not None:
                os.setgroups([])
                os.setgid(order["group"])
                os.setuid(order["user"])
            self._prctl(PR_SET_PDEATHSIG, order["death_signal"])  # setuid would have cleared it
            if os.getppid() == parent:
                os.execvpe(order["argv"][0], order["argv"], order["env"])
        except (OSError, ValueError) as error:
            where = getattr(error, "filename", None)
            reason = getattr(error, "strerror", None) or str(error)
            os.write(failures, f"{where}: {reason}".encode() if where else reason.encode())
        finally:
            os._exit(127)


def _kill(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _load_libc() -> Any:
    """The C library, for what Python has no function for; None where it is not Linux's."""
    if not LINUX:
        return None
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    libc.mount.argtypes = [*[ctypes.c_char_p] * 3, ctypes.c_ulong, ctypes.c_void_p]
    return libc


def _call(function: Any, *arguments: Any) -> None:
    """Call a function of the C library; raises OSError when it says that it failed."""
    import ctypes

    if function(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _prctl_of(libc: Any) -> Any:
    if libc is None:
        return lambda option, value: None
    return lambda option, value: _call(libc.prctl, option, value, 0, 0, 0)


def _enter_mount_namespace(libc: Any) -> None:
    """Into a mount namespace of our own: as root, else inside of a user namespace in which we stay who we are."""
    if libc is None:
        raise OSError(0, "there are no mount namespaces on this system")
    user, group = os.geteuid(), os.getegid()
    try:
        _call(libc.unshare, CLONE_NEWNS)
        return
    except OSError as error:
        if not isinstance(error, PermissionError):
            raise
    _call(libc.unshare, CLONE_NEWUSER | CLONE_NEWNS)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "wb", buffering=0) as file:
            file.write(text.encode())


def _signals_to_pipe() -> int:
    """Turn the signals that we act on into bytes in a pipe; its reading end."""
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    os.set_blocking(write_end, False)
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    return read_end


def _open_owner(pid: int) -> int | None:
    """A descriptor that becomes readable when the owner ends; None where there are no pidfds."""
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        fd = os.pidfd_open(pid)
    except OSError as error:
        if isinstance(error, ProcessLookupError):
            raise SystemExit("the owner has already gone") from None
        return None
    if os.getppid() != pid:
        raise SystemExit("the owner has already gone")
    return fd


def main(control: int, owner: int) -> None:
    """Supervise one child for the process `owner`, which holds the other end of the socket `control`."""
    os.set_inheritable(control, False)
    os.chdir("/")
    Supervisor(Channel(control), owner).run()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
