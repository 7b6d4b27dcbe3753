"""Real processes: whatever a child does, and however its owner ends, nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from pytest_asyncbench import supervisor
from pytest_asyncbench.errors import ProcessError
from pytest_asyncbench.processes import Command, Process

LIMIT = 30.0
PATIENT = "import time; print('up', flush=True); time.sleep(600)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + PATIENT
FORKS = """
import os, sys, time
heard, said = os.pipe()
def say(word):
    os.write(1, f"{word}\\n".encode())  # in one piece, whatever the others write
def child(work):
    if os.fork() == 0:
        work()
        say(os.getpid())
        os.write(said, b".")
        time.sleep(600)
def double():
    if os.fork():
        os._exit(0)
def daemon():
    os.setsid()
    if os.fork():
        os._exit(0)
    os.setsid()
child(lambda: None); child(double); child(daemon); child(os.setsid)
for _ in range(4):
    os.read(heard, 1)  # who leaves before they have spoken may see them killed before
say('up')
if '--leave' not in sys.argv:
    time.sleep(600)
"""


def until(condition: Callable[[], bool], what: str = "condition") -> None:
    limit = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < limit, f"{what} did not come true in {LIMIT} s"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def python(tmp_path: Path):
    """Starts Python code as a supervised process; stops all of them at the end."""
    running: list[Process] = []

    def start(code: str, *args: str, **options) -> Process:
        argv = (sys.executable, "-c", code, *args)
        command = Command(
            argv, dict(os.environ), str(tmp_path), tmp_path / f"log-{len(running)}", "python", **options
        )
        running.append(Process(command))
        return running[-1]

    yield start
    for process in running:
        process.stop(grace=0)


def up(process: Process, count: int = 1) -> list[int]:
    """Wait for `up` and `count` - 1 numbers in the log; the numbers."""
    until(lambda: len(process.log_tail().split()) >= count, "the child's words")
    return [int(word) for word in process.log_tail().split() if word != "up"]


@pytest.mark.parametrize("code", [0, 3])
def test_exit_code(python, code):
    process = python(f"raise SystemExit({code})")
    assert process.wait(LIMIT) == code
    assert process.poll() == code
    until(lambda: process.pids() == [])


def test_exit_by_signal(python):
    process = python(PATIENT)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait(LIMIT) == -signal.SIGKILL


def test_poll_and_wait_while_it_runs(python):
    process = python(PATIENT)
    assert process.poll() is None
    assert process.wait(0.01) is None
    assert process.pids() == [process.pid]


@pytest.mark.parametrize(
    ("argv", "cwd", "message"),
    [
        (("/no/such/program",), "/", "No such file"),
        (("no-such-program-anywhere",), "/", "No such file"),
        (("/etc/passwd",), "/", "Permission denied"),
        ((sys.executable,), "/no/such/directory", "/no/such/directory"),
    ],
)
def test_what_cannot_start(tmp_path, argv, cwd, message):
    data = tmp_path / "data"
    data.mkdir()
    with pytest.raises(ProcessError, match=message) as raised:
        Process(Command(argv, dict(os.environ), cwd, tmp_path / "log", "thing", remove=(data,)))
    assert argv[0] in str(raised.value)
    assert not data.exists()


def test_log_that_cannot_be_written(tmp_path):
    with pytest.raises(ProcessError, match="thing could not be started"):
        Process(Command((sys.executable,), {}, "/", tmp_path / "missing" / "log", "thing"))


def test_log_tail(python):
    process = python("import sys; [print('line', i) for i in range(50)]; sys.exit('the end')")
    process.wait(LIMIT)
    assert process.log_tail(1) in ("the end", "line 49")
    assert len(process.log_tail().splitlines()) == 20
    assert "the end" in process.log_tail(100)


def test_log_is_there_after_the_end(python, tmp_path):
    directory = tmp_path / "data"
    directory.mkdir()
    command = Command(
        (sys.executable, "-c", "print('first'); print('last')"),
        dict(os.environ), str(tmp_path), directory / "log", "python", remove=(directory,),
    )  # fmt: skip
    with Process(command) as process:
        process.wait(LIMIT)
    assert not directory.exists()
    assert process.log_text() == "first\nlast\n"
    assert process.log_tail(1) == "last"


CHATTY = """
import os, time
os.write(1, b"the first line\\n")
for _ in range({megabytes}):
    os.write(1, (b"x" * 1023 + b"\\n") * 1024)
    time.sleep(0.01)
os.write(1, b"the last line\\n")
time.sleep(600)
"""


def test_a_server_that_writes_without_end_does_not_fill_the_disk(python):
    process = python(CHATTY.replace("{megabytes}", "200"))
    most = 0
    limit = time.monotonic() + LIMIT
    while process.log_tail(1) != "the last line":
        assert time.monotonic() < limit
        most = max(most, process.log.stat().st_blocks * 512)
        time.sleep(0.01)
    assert most < 190 << 20, "dropped while it was written"
    until(lambda: process.log.stat().st_blocks * 512 <= supervisor.LOG_LIMIT, "the end of the middle")
    for _ in ("while it runs", "after its end"):
        text = process.log_text()
        assert text.startswith("the first line\nxxx")
        assert text.endswith("xxx\nthe last line\n")
        assert f"\n[... {(200 << 20) + 29 - (5 << 18)} bytes left out ...]\n" in text
        assert "\0" not in text
        assert len(text) < 2 << 20
        process.stop()


@pytest.mark.parametrize(
    "libc", [None, SimpleNamespace(fallocate=lambda *_: -1)], ids=["no Linux", "no holes"]
)
def test_a_log_where_files_have_no_holes(tmp_path, libc):
    log = tmp_path / "log"
    with log.open("ab") as file:
        file.write(b"a" * supervisor.LOG_HEAD + b"b" * supervisor.LOG_LIMIT)
        file.flush()
        os.fsync(file.fileno())
        supervisor.bound_log(libc, file.fileno())
        file.write(b"c")
    assert log.read_bytes() == (
        b"a" * supervisor.LOG_HEAD + b"\n[... %d bytes left out ...]\nc" % supervisor.LOG_LIMIT
    )


def test_environment_is_complete_and_exact(tmp_path):
    env = {"ONLY": "this \udcff", "PATH": "/usr/bin:/bin"}
    with Process(Command(("env",), env, "/", tmp_path / "log", "env")) as process:
        assert process.wait(LIMIT) == 0
    assert sorted((tmp_path / "log").read_bytes().splitlines()) == [b"ONLY=this \xff", b"PATH=/usr/bin:/bin"]


def test_stop_is_graceful_and_idempotent(python):
    code = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); " + PATIENT
    process = python(code)
    up(process)
    process.stop()
    process.stop()
    assert process.poll() == 7
    assert process.pids() == []
    assert not alive(process.pid)


def test_stop_signal(python):
    process = python(
        f"try: {PATIENT}\nexcept KeyboardInterrupt: raise SystemExit(5)", stop_signal=signal.SIGINT
    )
    up(process)
    process.stop()
    assert process.poll() == 5


def test_deaf_child_is_killed(python):
    process = python(DEAF)
    up(process)
    before = time.monotonic()
    process.stop(grace=0.2)
    assert time.monotonic() - before >= 0.2
    assert process.poll() == -signal.SIGKILL


@pytest.mark.parametrize("leave", [[], ["--leave"]])
def test_no_descendant_escapes(python, leave):
    process = python(FORKS, *leave)
    pids = up(process, 5)
    assert len(pids) == 4
    if leave:
        assert process.wait(LIMIT) == 0
        until(lambda: not any(map(alive, pids)), "the end of what the child left")
    else:
        assert set(pids) <= set(process.pids())
    process.stop()
    assert not any(map(alive, pids))


def test_directories_go_with_the_tree(python, tmp_path):
    data = tmp_path / "data"
    (data / "deep").mkdir(parents=True)
    (data / "deep" / "file").write_text("x")
    process = python("pass", remove=(data,))
    assert process.wait(LIMIT) == 0
    assert data.exists()
    process.stop()
    assert not data.exists()


def test_fds_are_passed_on_and_not_kept(python):
    read_end, write_end = os.pipe()
    process = python(f"import os; os.write({write_end}, b'hello')", pass_fds=(write_end,))
    os.close(write_end)
    with open(read_end, "rb") as file:
        assert file.read() == b"hello"  # and its end: the supervisor holds no copy
    assert process.wait(LIMIT) == 0


def test_ten_stop_side_by_side(python):
    processes = [python(DEAF) for _ in range(10)]
    for process in processes:
        up(process)
    before = time.monotonic()
    for process in processes:
        process.request_stop(grace=0.5)
    for process in processes:
        process.stop(grace=0.5)
    assert time.monotonic() - before < 4
    assert not any(alive(process.pid) for process in processes)


def test_one_process_stopped_by_ten_threads(python):
    process = python(FORKS)
    pids = up(process, 5)
    threads = [threading.Thread(target=process.stop) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    assert not any(map(alive, pids))
    assert process.poll() == -signal.SIGTERM


def test_while_another_thread_spawns(python):
    done = threading.Event()

    def spawn() -> None:
        while not done.is_set():
            subprocess.run([sys.executable, "-I", "-S", "-c", ""], check=True, close_fds=False)

    thread = threading.Thread(target=spawn)
    thread.start()
    try:
        for _ in range(10):
            process = python(PATIENT)
            up(process)
            process.stop()
            assert not alive(process.pid)
    finally:
        done.set()
        thread.join()


def test_a_thread_that_ends_takes_no_child_along(python):
    started: list[Process] = []
    thread = threading.Thread(target=lambda: started.append(python(PATIENT)))
    thread.start()
    thread.join()
    assert started[0].wait(0.3) is None


OWNER = """
import os, sys, time, pathlib
from pytest_asyncbench.processes import Command, Process
tmp = pathlib.Path({tmp!r})
data = tmp / "data"; data.mkdir()
argv = (sys.executable, "-c", {code!r})
process = Process(Command(argv, dict(os.environ), "/", tmp / "log", "python", remove=(data,)))
{more}
os.write(1, f"owner {{process.pid}} {{process._supervisor.pid}}\\n".encode())
try:
    time.sleep(600)
except KeyboardInterrupt:
    print("interrupted", process.poll(), flush=True)
    process.stop()
    print("stopped", flush=True)
"""


def start_owner(
    tmp_path: Path, code: str, more: str = "", **options
) -> tuple[subprocess.Popen[str], list[int]]:
    source = OWNER.format(tmp=str(tmp_path), code=code, more=more)
    owner = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True, **options)
    assert owner.stdout is not None
    word, *pids = owner.stdout.readline().split()
    assert word == "owner"
    return owner, [int(pid) for pid in pids]


@pytest.mark.parametrize("more", ["", "os.fork()"])
def test_owner_is_killed(tmp_path, more):
    """Also when a forked copy of the owner lives on and holds the socket."""
    owner, pids = start_owner(tmp_path, FORKS, more)
    until(lambda: len((tmp_path / "log").read_text().split()) >= 5)
    pids += [int(word) for word in (tmp_path / "log").read_text().split() if word != "up"]
    copies = [child.pid for child in psutil.Process(owner.pid).children() if child.pid not in pids]
    with owner:
        owner.kill()
        until(lambda: not any(map(alive, pids)), "the end of the tree")
        for copy in copies:
            os.kill(copy, signal.SIGKILL)
    assert not (tmp_path / "data").exists()


def test_supervisor_is_killed(python, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    process = python(PATIENT, remove=(data,))
    process._supervisor.kill()
    until(lambda: not alive(process.pid), "the child's end")
    assert process.wait(LIMIT) == -signal.SIGKILL
    process.stop()
    assert not data.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_supervisor_is_asked_to_end(python, number):
    process = python(FORKS)
    pids = up(process, 5)
    process._supervisor.send_signal(number)
    assert process.wait(LIMIT) == -signal.SIGTERM
    process.stop()
    assert not any(map(alive, pids))


def test_ctrl_c_is_for_the_owner(tmp_path):
    owner, pids = start_owner(tmp_path, PATIENT, process_group=0)
    until(lambda: (tmp_path / "log").read_text() == "up\n")
    os.killpg(owner.pid, signal.SIGINT)
    out, _ = owner.communicate(timeout=LIMIT)
    assert out.split() == ["interrupted", "None", "stopped"]
    assert not any(map(alive, pids))
    assert not (tmp_path / "data").exists()


def test_interrupted_stop_still_ends_everything(python, monkeypatch):
    process = python(DEAF)
    up(process)

    def interrupt(timeout: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(process, "_receive", interrupt)
    with pytest.raises(KeyboardInterrupt):
        process.stop(grace=0.1)
    until(lambda: not alive(process.pid), "the child's end")


def test_forked_copy_of_the_owner_cannot_stop(python):
    process = python(PATIENT)
    up(process)
    pid = os.fork()
    if pid == 0:
        process.stop()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    assert process.wait(0.2) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_user_and_group(tmp_path):
    argv = ("/bin/sh", "-c", "id -u; id -g; id -G")
    for group, expected in [(None, 65534), (12345, 12345)]:
        log = tmp_path / f"log-{group}"
        with Process(
            Command(argv, {"PATH": "/usr/bin:/bin"}, "/", log, "sh", user=65534, group=group)
        ) as process:
            assert process.wait(LIMIT) == 0
        assert log.read_text().split() == ["65534", str(expected), str(expected)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_child_of_another_user_dies_with_the_supervisor(tmp_path):
    command = Command(("/bin/sleep", "600"), {}, "/", tmp_path / "log", "sleep", user=65534)
    with Process(command) as process:
        process._supervisor.kill()
        until(lambda: not alive(process.pid), "the child's end")
