"""What the database of an old server is loaded with: the same entries, looked for in the revision's files.

Functions run in an interpreter of their own, because this process has imported the modules of now.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_asyncbench.baseline.worktree import Worktree
from pytest_asyncbench.postgres.loading import LoadStep, validate_load
from pytest_asyncbench.postgres.steps import ImportedFunction, Program, run_program

if TYPE_CHECKING:
    from pytest_asyncbench.postgres.database import Database

CALL = """
import asyncio, importlib, importlib.util, inspect, os, sys
module, path, function = sys.argv[1:]
if path:
    sys.path.insert(0, os.path.dirname(path))
    spec = importlib.util.spec_from_file_location(module, path)
    loaded = sys.modules[module] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
else:
    loaded = importlib.import_module(module)
words = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
given = {name: os.environ.get(variable) for name, variable in words.items()}
given["port"] = int(given["port"])
result = getattr(loaded, function)(**given)
if inspect.iscoroutine(result):
    asyncio.run(result)
"""


@dataclass(frozen=True, slots=True)
class OldProgram:
    """A program that runs in the revision's files, and imports from there."""

    argv: tuple[str, ...]
    cwd: Path
    python_path: str
    told: str

    def __str__(self) -> str:
        return self.told

    def key(self) -> object:
        """Its words and its directory, which belongs to one revision."""
        return ("old", self.argv, self.cwd)

    def run(self, database: Database, psql: str | None = None) -> None:
        """Run it to its end. Raises PostgresError unless it exits with 0."""
        environment = {**database.environment(), "PYTHONPATH": self.python_path}
        run_program(self.argv, self.cwd, environment, self.told)


def old_steps(
    entries: Sequence[object], base: Path, worktree: Worktree, python_path: Sequence[str], python: str | None
) -> tuple[LoadStep, ...]:
    """The load steps of the revision; `base` is where relative paths start now. Raises SpecError for what is missing.

    A function that stands in no file of the revision is the test's own, and called as it is.
    """
    path = os.pathsep.join(python_path)
    there = worktree.path(base)
    beside = worktree.path(Path.cwd())

    def old(entry: object) -> LoadStep:
        if callable(entry) and (file := _file_of(entry, worktree)) is not None:
            return _called(entry.__module__, str(file), str(entry.__name__))  # type: ignore[attr-defined]
        [step] = validate_load([_moved(entry, worktree)], there, beside)
        if isinstance(step, ImportedFunction):
            return _called(step.module, "", step.function)
        if isinstance(step, Program):
            first = python if python and step.argv[0] == sys.executable else step.argv[0]
            return OldProgram((first, *step.argv[1:]), worktree.path(step.cwd), path, str(step))
        return step

    def _called(module: str, file: str, function: str) -> OldProgram:
        argv = (python or sys.executable, "-c", CALL, module, file, function)
        return OldProgram(argv, worktree.root, path, f"{module}:{function}")

    return tuple(map(old, entries))


def _moved(entry: object, worktree: Worktree) -> object:
    if isinstance(entry, list | tuple):
        return [worktree.text(str(word)) for word in entry]
    if isinstance(entry, Path):
        return worktree.path(entry) if entry.is_absolute() else entry
    return worktree.text(entry) if isinstance(entry, str) else entry


def _file_of(function: Callable[..., Any], worktree: Worktree) -> Path | None:
    """Where a function at the top of a module stands in the revision; None if it does not."""
    name = getattr(function, "__qualname__", "")
    if not name.isidentifier() or name != getattr(function, "__name__", ""):
        return None
    try:
        now = Path(inspect.getfile(function)).resolve()
    except (TypeError, OSError):
        return None
    then = worktree.path(now)
    return then if then != now and then.is_file() else None
