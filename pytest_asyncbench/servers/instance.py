"""One launched server: started, asked until it answers, stopped with its whole process tree."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from pytest_asyncbench.directories import MARK, create, release
from pytest_asyncbench.errors import PortInUse, ProcessError, ServerDied, SpecError
from pytest_asyncbench.processes import Command, Process
from pytest_asyncbench.servers import environment, ports
from pytest_asyncbench.servers.address import Address
from pytest_asyncbench.servers.hosts import FILE, write_copy
from pytest_asyncbench.servers.installed import installed
from pytest_asyncbench.servers.launched import Launched, launched
from pytest_asyncbench.servers.place import Place
from pytest_asyncbench.servers.placeholders import fill, mentioned
from pytest_asyncbench.servers.programs import program
from pytest_asyncbench.servers.readiness import ending, wait_ready
from pytest_asyncbench.servers.spec import ServerSpec

SOCKET = "s"
"""Name of a server's Unix socket in its directory: the whole path must be short."""
LONGEST_SOCKET = 103
"""Bytes that such a path may have on every system."""
ATTEMPTS = 3
"""Launches tried when the free port was taken by somebody else in the meantime."""

TAKEN = ("address already in use", "errno 98", "eaddrinuse", "os error 98")
"""What programs write when their port is taken."""


@dataclass(frozen=True, slots=True)
class Launch:
    """Everything that is needed to start one variant's server.

    `root` is the directory that relative `cwd`s start from; `database` the libpq variables and DATABASE_URL of
    the variant's own database (empty: none), `placeholders` the values for `{database.url}` and so on.
    """

    spec: ServerSpec
    variant: str
    root: Path
    python_path: tuple[str, ...] = ()
    database: Mapping[str, str] = field(default_factory=dict)
    placeholders: Mapping[str, str] = field(default_factory=dict)


class Instance:
    """A running server: `.url .host .port .socket .pid .pids .log .variant`, and the seconds that it took to start."""

    socket = ""
    """Path of the Unix socket that it listens at, if it does."""

    launched: Launched | None = None
    """With what it was started; None of a server that is not ours."""

    def __init__(
        self,
        launch: Launch,
        process: Process,
        address: Address,
        startup: float,
        cleared: tuple[str, ...],
        launched: Launched | None = None,
    ) -> None:
        self.spec = launch.spec
        self.variant = launch.variant
        self.host, self.port, self.socket = address.host, address.port, address.path
        self.startup = startup
        self.cleared = cleared
        self.launched = launched
        self._process = process

    @property
    def url(self) -> str:
        """Base URL, without a slash at the end."""
        return f"{self.spec.scheme}://{self.netloc}"

    @property
    def netloc(self) -> str:
        """What stands for the server in addresses and in the Host header: "127.0.0.1:8000"."""
        return "localhost" if self.socket else f"{self.host}:{self.port}"

    @property
    def pid(self) -> int | None:
        """Pid of the program that was started (its workers are in `pids`); None of a server that is not ours."""
        return self._process.pid

    @property
    def pids(self) -> list[int]:
        """Pids of the whole process tree, now."""
        return self._process.pids()

    @property
    def log(self) -> str:
        """What the server wrote, standard output and errors together; also after its end.

        Of a long one the first 256 KB and the last 1 MB.
        """
        return self._process.log_text()

    def log_tail(self, lines: int = 20) -> str:
        """The last lines of `log`."""
        return self._process.log_tail(lines)

    def died(self) -> str | None:
        """How the server ended, in words with its last lines; None while it runs."""
        code = self._process.poll()
        if code is None:
            return None
        return f"{self.variant}: {self.spec.label()} {ending(code)}. Its last lines:\n{self.log_tail()}"

    def request_stop(self) -> None:
        """Ask the server to stop without waiting, so that several stop side by side."""
        self._process.request_stop()

    def stop(self) -> None:
        """Stop the whole tree; returns when all of it has gone."""
        self._process.stop()

    def __repr__(self) -> str:
        return f"<{self.spec.label()} {self.variant!r} at {self.url}, pid {self.pid}>"


def start(launch: Launch, given_up: Event | None = None) -> Instance:
    """Start one server and wait until it answers, or `given_up` is set.

    Raises ProcessError or SpecError; nothing is left then.
    """
    if launch.spec.url is not None:
        from pytest_asyncbench.servers.deployed import Deployed

        return Deployed(launch)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _start_on(launch, launch.spec.port or ports.free_port(), given_up)
        except (ServerDied, PortInUse) as error:
            if launch.spec.port is not None or attempt == ATTEMPTS or not _port_was_taken(error):
                raise
    raise AssertionError("unreachable")


def _port_was_taken(error: Exception) -> bool:
    return isinstance(error, PortInUse) or any(sign in str(error).lower() for sign in TAKEN)


def start_all(launches: Sequence[Launch]) -> list[Instance]:
    """Start servers side by side. If one fails the others are stopped and its error is raised.

    Raises SpecError if two have the same fixed port.
    """
    _require_own_ports(launches)
    if len(launches) == 1:
        return [start(launches[0])]
    given_up = Event()
    with ThreadPoolExecutor(len(launches)) as pool, ExitStack() as undo:
        futures = [pool.submit(start, launch, given_up) for launch in launches]
        undo.callback(lambda: stop_all([f.result() for f in futures if not f.exception()]))
        undo.callback(given_up.set)
        wait(futures, return_when=FIRST_EXCEPTION)
        for future in sorted(futures, key=lambda future: not future.done()):
            future.result()  # of one that has failed: nobody waits for the others then
        undo.pop_all()
        return [future.result() for future in futures]


def _require_own_ports(launches: Sequence[Launch]) -> None:
    taken: dict[int, str] = {}
    for launch in launches:
        port = launch.spec.port
        if port is not None and taken.setdefault(port, launch.variant) != launch.variant:
            raise SpecError(
                f"the variants {taken[port]!r} and {launch.variant!r} both have port={port}, and run side by side; "
                "leave port= out, or tell the app its port with {port}"
            )


def stop_all(instances: Sequence[Instance]) -> None:
    """Stop servers side by side; every one is stopped even if one of them makes trouble."""
    for instance in instances:
        instance.request_stop()
    with ExitStack() as stack:
        for instance in instances:
            stack.callback(instance.stop)


def _start_on(launch: Launch, port: int, given_up: Event | None) -> Instance:
    spec = launch.spec
    ports.require_free(port)
    directory = create("server")
    try:
        address = Address(ports.HOST, port, _socket(spec, directory), spec.scheme)
        command, cleared, told = _command(launch, port, directory)
        process = Process(command)
    except BaseException:
        release(directory)
        raise
    try:
        startup = wait_ready(spec, process, address, given_up)
    except BaseException:
        process.stop()
        raise
    return Instance(launch, process, address, startup, cleared, told)


def _socket(spec: ServerSpec, directory: Path) -> str:
    """Where the server's Unix socket will be; empty if it has none. Raises SpecError if the path is too long."""
    if "socket" not in mentioned(spec):
        return ""
    path = str(directory / SOCKET)
    if len(os.fsencode(path)) > LONGEST_SOCKET:
        raise SpecError(
            f"{spec.label()}: {path} is too long for a Unix socket (at most {LONGEST_SOCKET} bytes); "
            "set TMPDIR to a shorter directory"
        )
    return path


def _command(launch: Launch, port: int, directory: Path) -> tuple[Command, tuple[str, ...], Launched]:
    spec = launch.spec
    python = interpreter(spec.python, launch.root)
    values = {
        **launch.placeholders,
        "port": str(port),
        "python": python,
        "directory": str(directory),
        "socket": str(directory / SOCKET),
    }
    inherited, cleared = environment.clean(os.environ)
    if spec.python is not None:
        inherited = environment.with_interpreter(inherited, python)
    if launch.database:
        inherited = environment.with_database(inherited, launch.database, launch.variant)
    if launch.python_path:
        kept = [inherited["PYTHONPATH"]] if inherited.get("PYTHONPATH") else []
        inherited["PYTHONPATH"] = os.pathsep.join([*launch.python_path, *kept])
    hosts = {name: fill(place, values) for name, place in spec.hosts}
    env = {**inherited, MARK: str(directory), **{name: fill(text, values) for name, text in spec.env}}
    cwd = working_directory(spec, launch.root)
    command = Command(
        argv=tuple(fill(part, values) for part in command_line(spec, python, port, env, cwd)),
        env=env,
        cwd=cwd,
        log=directory / "server.log",
        name=spec.label(),
        mounts={str(FILE): write_copy(directory, hosts)} if hosts else {},
        remove=(directory,),
    )
    told = launched(
        command.argv,
        cwd,
        env,
        {name: text for name, text in os.environ.items() if name not in dict(spec.env)},
        python=python if _is_python(spec, python) else "",
        secrets=[launch.placeholders.get("database.password", "")],
    )
    return command, cleared, told


def _is_python(spec: ServerSpec, python: str) -> bool:
    """Whether a server runs on the interpreter that it was given: any other program may be anything."""
    told = spec.python is not None or python in spec.argv or "python" in mentioned(spec)
    return told or spec.program != "command"


def command_line(spec: ServerSpec, python: str, port: int, env: Mapping[str, str], cwd: str) -> list[str]:
    """How the program that is installed in `python` is called. Raises ProgramMissing, SpecError."""
    called = program(spec.program)
    found = installed(called.distributions, python, env, cwd) if called.distributions else ("", "")
    return called.argv(spec.settled(), Place(python, port, *found))


def working_directory(spec: ServerSpec, root: Path) -> str:
    """Where the server runs: `cwd`, from `root` if it is relative. Raises SpecError if there is no such directory."""
    path = root / (spec.cwd or ".")
    if not path.is_dir():
        raise SpecError(f"{spec.label()}: cwd={spec.cwd!r} is no directory (looked at {path})")
    return str(path)


def interpreter(python: str | None, root: Path = Path()) -> str:
    """The Python that runs the server: `python` may be an interpreter or a virtual environment, seen from `root`.

    Raises ProcessError if it is neither.
    """
    if python is None:
        return sys.executable
    for candidate in (root / python / "bin" / "python", root / python):
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return str(candidate.absolute())
    if found := shutil.which(python):
        return found
    raise ProcessError(
        f"python={python!r} is neither an interpreter nor a virtual environment with bin/python"
    )
