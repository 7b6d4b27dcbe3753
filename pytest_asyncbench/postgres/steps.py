"""The kinds of load steps, and how each is run."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import inspect
import os
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_asyncbench.directories import create, release
from pytest_asyncbench.errors import PostgresError
from pytest_asyncbench.postgres.address import load_psycopg
from pytest_asyncbench.processes import Command, Process

if TYPE_CHECKING:
    from pytest_asyncbench.postgres.database import Database

OUTPUT_LINES = 60


@dataclass(frozen=True, slots=True)
class SqlFile:
    """A file of SQL. Run by `psql` if it is given, since pg_dump's files need it; else by psycopg."""

    path: Path
    digest: str

    def __str__(self) -> str:
        return str(self.path)

    def key(self) -> object:
        """The content decides: a file changed between two tests is loaded again."""
        return ("sql", self.path, self.digest)

    def run(self, database: Database, psql: str | None = None) -> None:
        """Execute it up to the first error. Raises PostgresError."""
        if psql:
            # -X: nobody's psqlrc; the connection comes from the environment, as the password is in it.
            argv = [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(self.path)]
            run_program(argv, self.path.parent, database.environment(), "psql")
            return
        error = load_psycopg().Error
        try:
            with database.connect(autocommit=True) as connection:
                connection.execute(self.path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
        except error as failure:
            raise PostgresError(f"load step {self.path} failed: {failure}") from failure


@dataclass(frozen=True, slots=True)
class Function:
    """A callable that takes the connection's keyword arguments (host, port, user, dbname, password)."""

    function: Callable[..., object]

    def __str__(self) -> str:
        module, name = getattr(self.function, "__module__", "?"), getattr(self.function, "__qualname__", None)
        return f"{module}:{name}" if name else repr(self.function)

    def key(self) -> object:
        """The object itself: two lambdas are never the same."""
        return ("function", id(self.function))

    def run(self, database: Database, psql: str | None = None) -> None:
        """Call it. Raises PostgresError from whatever it raises."""
        try:
            result = self.function(**database.address.keywords(database.name))
            if inspect.iscoroutine(result):
                _run_coroutine(result)
        except Exception as error:
            raise PostgresError(f"load step {self} raised {type(error).__name__}: {error}") from error


@dataclass(frozen=True, slots=True)
class ImportedFunction:
    """A function named "module:function", imported when it is needed; also from `places`."""

    module: str
    function: str
    places: tuple[Path, ...]

    def __str__(self) -> str:
        return f"{self.module}:{self.function}"

    def key(self) -> object:
        """Its name."""
        return ("import", self.module, self.function)

    def run(self, database: Database, psql: str | None = None) -> None:
        """Import and call it. Raises PostgresError."""
        try:
            with _importable(self.places):
                function = getattr(importlib.import_module(self.module), self.function)
        except Exception as error:
            raise PostgresError(
                f"load step {self} cannot be imported: {type(error).__name__}: {error}"
            ) from error
        if not callable(function):
            raise PostgresError(f"load step {self} is not callable but {function!r}")
        Function(function).run(database)


@dataclass(frozen=True, slots=True)
class Program:
    """An argument list, run in `cwd` with the database's environment."""

    argv: tuple[str, ...]
    cwd: Path

    def __str__(self) -> str:
        return " ".join(self.argv)

    def key(self) -> object:
        """Its words and its directory."""
        return ("program", self.argv, self.cwd)

    def run(self, database: Database, psql: str | None = None) -> None:
        """Run it to its end. Raises PostgresError unless it exits with 0."""
        run_program(self.argv, self.cwd, database.environment(), Path(self.argv[0]).name)


def run_program(argv: Sequence[str], cwd: Path, environment: Mapping[str, str], name: str) -> None:
    """Run a program to its end, with this added to our own environment. Raises PostgresError unless it exits with 0."""
    command = " ".join(argv)
    directory = create("load")
    try:
        log = directory / "output"
        # Supervised: a migration must not go on when pytest has been killed.
        with Process(
            Command(tuple(argv), {**os.environ, **environment}, str(cwd), log, name, grace=1.0)
        ) as process:
            while (code := process.wait(60.0)) is None:
                pass
            if code:
                output = process.log_tail(OUTPUT_LINES) or "(no output)"
                raise PostgresError(f"load step failed with exit code {code}: {command}\n{output}")
    finally:
        release(directory)


def _run_coroutine(coroutine: Coroutine[Any, Any, object]) -> None:
    """In a thread of its own: the caller's may run an event loop already."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(coroutine)
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


@contextlib.contextmanager
def _importable(places: Sequence[Path]) -> Iterator[None]:
    added = [str(place) for place in places if str(place) not in sys.path]
    sys.path[:0] = added
    try:
        yield
    finally:
        for place in added:
            with contextlib.suppress(ValueError):
                sys.path.remove(place)
