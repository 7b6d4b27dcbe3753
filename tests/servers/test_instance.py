"""Real servers: they start, answer, say why they do not, and leave nothing."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import urllib.request
import venv
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from pytest_asyncbench.errors import PortInUse, ProcessError, ServerDied, ServerNotReady, SpecError
from pytest_asyncbench.servers import ports, readiness
from pytest_asyncbench.servers.factories import command, granian
from pytest_asyncbench.servers.instance import Launch, interpreter, start_all, stop_all

ECHO = Path(__file__).with_name("echo.py")
LONG = 60.0
SLEEPER = "import time; print('not listening', flush=True); time.sleep(600)"


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read()


def require_gone(pids: list[int], port: int) -> None:
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []
    ports.require_free(port)


@pytest.mark.parametrize(
    "spec",
    [
        granian("tiny:wsgi", interface="wsgi", workers=2, threads=2),
        granian("tiny:asgi", interface="asgi", args=["--log-level", "info"]),
    ],
    ids=lambda spec: spec.label(),
)
def test_granian_serves_and_leaves_nothing(launch, spec):
    instance = launch(spec, "pooled")
    assert get(instance.url) == f"hello from {spec.interface}".encode()
    pids = instance.pids
    assert instance.pid in pids
    assert len(pids) > spec.settled().workers, "the main process and its workers"
    assert instance.startup > 0
    assert instance.died() is None
    assert repr(instance) == f"<{spec.label()} 'pooled' at {instance.url}, pid {instance.pid}>"
    instance.stop()
    require_gone(pids, instance.port)
    assert not instance._process.log.exists()
    instance.stop()


def test_any_command_serves_and_its_log_is_kept_while_it_runs(launch, echo):
    instance = launch(echo())
    assert get(f"{instance.url}/hello")
    assert "GET /hello" in instance.log
    assert "GET /hello" in instance.log_tail(1)
    assert instance.pids == [instance.pid]


def test_a_server_that_ends_later_says_how(launch, echo):
    instance = launch(echo(), "pooled")
    os.kill(instance.pid, signal.SIGKILL)
    assert instance._process.wait(10) == -signal.SIGKILL
    assert instance.died().startswith("pooled: command was killed by signal 9. Its last lines:\n")


def test_an_app_that_cannot_be_imported(launch, root):
    spec = granian("nowhere:app", interface="wsgi", threads=1, cwd="sub")
    with pytest.raises(
        SpecError, match=r"granian-wsgi-1w-1t: cwd='sub' is no directory \(looked at .*/root/sub\)"
    ):
        launch(spec)
    with pytest.raises(ServerDied) as caught:
        launch(spec.with_options(cwd=None))
    text = str(caught.value)
    assert text.startswith("granian-wsgi-1w-1t exited with ")
    assert "No module named 'nowhere'" in text
    assert text.endswith(f"What to do: is 'nowhere:app' importable from {root}?")


def test_a_program_that_ends_at_once(launch):
    with pytest.raises(
        ServerDied, match=r"command exited with 3 after .* s, before it answered\. It wrote nothing\.$"
    ):
        launch(command(["{python}", "-c", "raise SystemExit(3)", "{port}"]))


def test_a_program_that_does_not_exist(launch):
    with pytest.raises(ProcessError, match=r"command could not be started.*no-such-program"):
        launch(command(["no-such-program", "{port}"]))


@pytest.mark.parametrize(
    ("ready", "waited_for"), [("/health", "GET /health to answer 2xx"), (None, "an accepted connection")]
)
def test_a_program_that_never_listens(launch, ready, waited_for):
    spec = command(["{python}", "-c", SLEEPER, "{port}"], ready=ready, startup_timeout=0.5)
    with pytest.raises(ServerNotReady) as caught:
        launch(spec)
    text = str(caught.value)
    assert f"command did not answer within 0.5 s: waited for {waited_for}, last seen: " in text
    assert "Connection refused" in text
    assert "What to do: give ready=" in text


@pytest.mark.parametrize("status", [404, 302, 503])
def test_a_ready_path_must_answer_2xx(launch, echo, monkeypatch, status):
    ask, answered = readiness._ask, []
    passed = SimpleNamespace(monotonic=lambda: time.monotonic() + 100 * len(answered), sleep=time.sleep)
    monkeypatch.setattr(readiness, "time", passed)  # the time is over when it has answered for the first time

    def asked(*args: object) -> tuple[bool, str]:
        ready, seen = ask(*args)
        answered.extend(["x"] * ("answered" in seen))
        return ready, seen

    monkeypatch.setattr(readiness, "_ask", asked)
    spec = echo(ready=f"/status/{status}")
    with pytest.raises(ServerNotReady, match=f"last seen: GET /status/{status} answered {status}"):
        launch(spec)


@pytest.mark.parametrize("ready", ["/status/204", None])
def test_a_ready_path_or_none(launch, echo, ready):
    assert launch(echo(ready=ready)).died() is None


def test_what_accepts_and_never_answers(launch, taken_port, monkeypatch):
    monkeypatch.setattr(ports, "require_free", lambda port: None)
    spec = command(["{python}", "-c", SLEEPER], port=taken_port, startup_timeout=0.5)
    with pytest.raises(ServerNotReady, match="last seen: GET / was accepted and not answered"):
        launch(spec)


def test_without_ready_any_answer_will_do(launch, root):
    (root / "tiny.py").write_text("def wsgi(environ, start_response):\n    raise ValueError('broken')\n")
    assert launch(granian("tiny:wsgi", interface="wsgi", threads=1)).died() is None


def test_a_fixed_port_that_is_in_use(launch, echo, taken_port):
    with pytest.raises(
        PortInUse, match=rf"port {taken_port} is in use \(.*\) by .*\(pid {os.getpid()}\); end that"
    ):
        launch(echo(port=taken_port))


def test_a_stranger_who_shares_the_port_is_noticed(launch, echo, taken_port, monkeypatch):
    monkeypatch.setattr(ports, "require_free", lambda port: None)
    with pytest.raises(PortInUse, match=rf"port {taken_port} is also listened on by .*\(pid {os.getpid()}\)"):
        launch(echo("shared", port=taken_port, ready=None))


def test_the_sockets_of_the_machine_are_listed_once_per_start(launch, echo, monkeypatch):
    look, looks = ports._listeners, []
    monkeypatch.setattr(ports, "_listeners", lambda port: looks.append(port) or look(port))
    assert launch(echo()).port in looks
    assert len(looks) == 1


def test_an_answer_of_somebody_else_is_noticed(launch, echo, monkeypatch):
    monkeypatch.setattr(ports, "listeners", lambda port: ports.Listeners(frozenset()))
    with pytest.raises(PortInUse, match=r"what answers on port \d+ is not the process that was started"):
        launch(echo(port=ports.free_port()))


@pytest.mark.parametrize("noticed_by", ["us", "the server"])
def test_another_port_is_tried_when_the_free_one_was_taken_meanwhile(
    launch, echo, taken_port, monkeypatch, noticed_by
):
    free = [taken_port, ports.free_port()]
    monkeypatch.setattr(ports, "free_port", lambda: free.pop(0))
    if noticed_by == "the server":
        monkeypatch.setattr(ports, "require_free", lambda port: None)
    assert launch(echo(ready="/status/200")).port != taken_port
    assert free == []


def test_it_is_not_tried_for_ever(launch, echo, taken_port, monkeypatch):
    asked: list[int] = []
    monkeypatch.setattr(ports, "free_port", lambda: asked.append(taken_port) or taken_port)
    with pytest.raises(PortInUse):
        launch(echo())
    assert len(asked) == 3


def test_what_is_filled_in_arrives(launch, echo, tell):
    spec = echo("{database.name}", '{"json": {}}', env={"URL": "{database.url}", "MY_PORT": "{port}"})
    placeholders = {"database.name": "db1", "database.url": "postgresql://db1"}
    instance = launch(spec, placeholders=placeholders)
    known = tell(instance)
    assert known["argv"] == [str(instance.port), "db1", '{"json": {}}']
    assert (known["env"]["URL"], known["env"]["MY_PORT"]) == ("postgresql://db1", str(instance.port))


def test_what_cannot_be_filled_in_starts_nothing(launch, echo):
    with pytest.raises(SpecError, match="needs the test's database, and it has none"):
        launch(echo("{database.url}"))


def test_the_environment_of_a_server(launch, echo, tell, monkeypatch):
    monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")
    monkeypatch.setenv("PGSERVICE", "production")
    monkeypatch.setenv("PYTHONPATH", "/inherited")
    monkeypatch.setenv("KEPT", "yes")
    instance = launch(echo(), "pooled", database={"PGHOST": "here"}, python_path=("/first",))
    env = tell(instance)["env"]
    assert "PYTHONASYNCIODEBUG" in instance.cleared
    assert not {"PYTHONASYNCIODEBUG", "PYTEST_CURRENT_TEST", "PGSERVICE"} & set(env)
    assert (env["KEPT"], env["PGHOST"], env["PGAPPNAME"]) == ("yes", "here", "pooled")
    assert env["PYTHONPATH"] == "/first:/inherited"


def test_a_spec_may_ask_for_what_is_cleared(launch, echo, tell, monkeypatch):
    monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")
    assert tell(launch(echo(env={"PYTHONASYNCIODEBUG": "1"})))["env"]["PYTHONASYNCIODEBUG"] == "1"


def test_a_relative_directory_starts_at_the_root(launch, echo, tell, root):
    (root / "sub").mkdir()
    assert tell(launch(echo()))["cwd"] == str(root)
    assert tell(launch(echo(cwd="sub")))["cwd"] == str(root / "sub")


def test_a_virtual_environment_is_an_interpreter(launch, echo, tell, tmp_path):
    venv.create(tmp_path / "venv", symlinks=True)
    assert tell(launch(echo(python=tmp_path / "venv")))["prefix"] == str(tmp_path / "venv")


def test_a_virtual_environment_is_activated(launch, echo, tell, tmp_path, monkeypatch, root):
    venv.create(root / "venv39", symlinks=True)
    (root / "venv39" / "bin" / "myserver").write_text(f"#!/bin/sh\nexec python {ECHO} $1\n")
    (root / "venv39" / "bin" / "myserver").chmod(0o755)
    monkeypatch.setenv("PYTHONHOME", sys.base_prefix)
    known = tell(launch(command(["myserver", "{port}"], python="venv39")))
    assert known["prefix"] == known["env"]["VIRTUAL_ENV"] == str(root / "venv39")
    assert "PYTHONHOME" not in known["env"]
    assert "PYTHONHOME" in tell(launch(echo()))["env"]
    outside = tell(launch(echo(python=sys.executable)))
    assert "PYTHONHOME" not in outside["env"]


def test_a_server_that_exits_with_an_error_on_stop_is_no_error(launch, echo):
    code = (
        "import runpy, signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))\n"
        f"runpy.run_path({str(ECHO)!r}, run_name='__main__')"
    )
    instance = launch(command(["{python}", "-c", code, "{port}"]))
    instance.stop()
    assert instance._process.poll() == 3


def test_a_directory_of_its_own(launch, echo, tell):
    instance = launch(echo("{directory}/app.pid", env={"HOME": "{directory}"}))
    known = tell(instance)
    directory = Path(known["env"]["HOME"])
    assert known["argv"][1] == f"{directory}/app.pid"
    (directory / "app.pid").write_text("1")
    instance.stop()
    assert not directory.exists()


def test_its_log_stays_when_it_has_been_stopped(launch, echo):
    instance = launch(echo())
    get(f"{instance.url}/hello")
    instance.stop()
    assert "GET /hello" in instance.log


def test_interpreters(tmp_path):
    assert interpreter(None) == sys.executable
    assert interpreter(sys.executable) == sys.executable
    assert Path(interpreter("sh")).name == "sh"
    with pytest.raises(
        ProcessError, match="is neither an interpreter nor a virtual environment with bin/python"
    ):
        interpreter(str(tmp_path))


def test_the_host_header_reaches_the_readiness_check(launch, root):
    (root / "tiny.py").write_text(
        "def wsgi(environ, start_response):\n"
        "    status = '200 OK' if environ['HTTP_HOST'] == 'example.com' else '400 Bad Request'\n"
        "    start_response(status, [('Content-Length', '0')])\n"
        "    return [b'']\n"
    )
    spec = granian("tiny:wsgi", interface="wsgi", threads=1, ready="/", host_header="example.com")
    assert launch(spec).died() is None


def test_all_start_side_by_side_and_stop(echo, root):
    instances = start_all([Launch(echo(), name, root) for name in ("a", "b")])
    assert [instance.variant for instance in instances] == ["a", "b"]
    stop_all([*instances, *start_all([Launch(echo(), "alone", root)])])
    assert [instance.pids for instance in instances] == [[], []]


def test_two_with_the_same_fixed_port_are_refused(echo, root):
    launches = [Launch(echo(port=8000), name, root) for name in ("a", "b")]
    with pytest.raises(
        SpecError, match=r"the variants 'a' and 'b' both have port=8000, and run side by side"
    ):
        start_all(launches)


def test_nobody_waits_for_the_others_when_one_has_failed(echo, root, monkeypatch):
    silent = command(["{python}", "-c", SLEEPER, "{port}"], startup_timeout=LONG)
    broken = command(["{python}", "-c", "raise SystemExit(3)", "{port}"], name="broken")
    before = time.monotonic()
    with pytest.raises(ServerDied, match=r"^broken exited with 3"):
        start_all([Launch(spec, name, root) for name, spec in [("a", silent), ("b", broken)]])
    assert time.monotonic() - before < LONG / 2


def test_a_start_can_be_interrupted(echo, root):
    """Ctrl-C, or a timeout of the test: raised in the main thread, while others start the servers."""
    spec = command(["{python}", "-c", SLEEPER, "{port}"], startup_timeout=LONG)
    before = time.monotonic()
    interrupt = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    interrupt.start()
    with pytest.raises(KeyboardInterrupt):
        start_all([Launch(spec, name, root) for name in ("a", "b")])
    interrupt.join()
    assert time.monotonic() - before < LONG / 2


def test_a_server_that_becomes_a_daemon_is_told_from_others(launch, echo):
    code = f"import os, runpy; os.fork() and os._exit(0); os.setsid(); runpy.run_path({str(ECHO)!r})"
    with pytest.raises(ServerDied, match=r"exited with 0 .*\n.*let it stay in the foreground"):
        launch(command(["{python}", "-c", code, "{port}"]))


def test_one_that_fails_stops_the_others(echo, root):
    broken = command(["{python}", "-c", "raise SystemExit(3)", "{port}"], name="broken")
    with pytest.raises(ServerDied, match=r"^broken exited with 3"):
        start_all([Launch(spec, "x", root) for spec in (echo(), broken, echo())])
