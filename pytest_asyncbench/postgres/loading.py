"""What a template is loaded with: SQL files, functions, programs. Checked at collection, run once."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.postgres.steps import Function, ImportedFunction, Program, SqlFile

if TYPE_CHECKING:
    from pytest_asyncbench.postgres.database import Database

IMPORTABLE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*[.:][^\W\d]\w*")


class LoadStep(Protocol):
    """One step of loading."""

    def key(self) -> object:
        """Equal and hashable for steps that do the same."""

    def run(self, database: Database, psql: str | None = None) -> None:
        """Do it. Raises PostgresError with what failed, its output and its exit code."""


def run_steps(steps: Iterable[LoadStep], database: Database, psql: str | None = None) -> None:
    """Run the steps one after the other; the first that fails ends it."""
    for step in steps:
        step.run(database, psql)


def validate_load(load: object, base: Path, beside: Path | None = None) -> tuple[LoadStep, ...]:
    """The steps that the entries of `load` mean, before anything is started.

    An entry is a path that ends in .sql (or any `Path`), "module:function", a callable that takes the connection's
    keyword arguments, or an argument list. Relative paths are looked for in `base`, then in `beside` (default: the
    working directory).
    Raises SpecError with the entry and what was tried.
    """
    if load is None:
        return ()
    entries: Sequence[object]
    entries = [load] if isinstance(load, str | Path) or callable(load) else _entries(load)
    places = list(dict.fromkeys((base, beside or Path.cwd())))
    return tuple(_step(entry, places) for entry in entries)


def _entries(load: object) -> Sequence[object]:
    if isinstance(load, list | tuple):
        return load
    raise SpecError(
        f"database(load=...) takes a list of SQL files, functions and argument lists, not {load!r}"
    )


def _step(entry: object, places: Sequence[Path]) -> LoadStep:
    if isinstance(entry, list | tuple):
        return _program(entry, places)
    if callable(entry):
        return Function(entry)
    if isinstance(entry, Path) or (isinstance(entry, str) and entry.endswith(".sql")):
        path = _find(Path(entry), places, f"the SQL file {str(entry)!r}")
        return SqlFile(path, hashlib.sha256(path.read_bytes()).hexdigest())
    if isinstance(entry, str):
        return _imported(entry, places)
    raise SpecError(f"database(load=...): {entry!r} is no SQL file, function or argument list")


def _find(path: Path, places: Sequence[Path], what: str) -> Path:
    tried = [path] if path.is_absolute() else [place / path for place in places]
    for candidate in tried:
        if candidate.is_file():
            return candidate.resolve()
    raise SpecError(f"database(load=...): {what} is not there; tried {', '.join(map(str, tried))}")


def _imported(entry: str, places: Sequence[Path]) -> LoadStep:
    if not IMPORTABLE.fullmatch(entry):
        raise SpecError(
            f"database(load=...): {entry!r} is neither the path of an .sql file nor 'module:function'; "
            "a program is given as a list: ['manage.py', 'migrate']"
        )
    module, function = re.split(r"[.:](?=\w+$)", entry)
    top = module.split(".")[0]
    if top not in sys.modules and not _findable(top, places):
        raise SpecError(
            f"database(load=...): there is no module {top!r} for {entry!r}; looked in sys.path and in "
            f"{', '.join(map(str, places))}"
        )
    return ImportedFunction(module, function, tuple(places))


def _findable(top: str, places: Sequence[Path]) -> bool:
    if any((place / top).is_dir() or (place / f"{top}.py").is_file() for place in places):
        return True
    return importlib.util.find_spec(top) is not None


def _program(entry: Sequence[object], places: Sequence[Path]) -> LoadStep:
    if not entry or not all(isinstance(word, str | Path) for word in entry):
        raise SpecError(f"database(load=...): {entry!r} is no argument list: it takes one or more strings")
    first, *rest = map(str, entry)
    what = f"the program {first!r}"
    if first == "{python}":
        return Program((sys.executable, *rest), places[0])
    if first.endswith(".py"):
        return Program((sys.executable, str(_find(Path(first), places, what)), *rest), places[0])
    if "/" in first:
        return Program((str(_find(Path(first), places, what)), *rest), places[0])
    if shutil.which(first) is None:
        raise SpecError(f"database(load=...): {what} is not there; tried PATH")
    return Program((first, *rest), places[0])
