"""Kept runs: one JSON file each in `.asyncbench/` under pytest's root directory."""

from __future__ import annotations

from pathlib import Path

from pytest_asyncbench.report.document import Report
from pytest_asyncbench.report.file import as_json, load, write

DIRECTORY = ".asyncbench"
IGNORED = "# Made by pytest-asyncbench: kept runs belong to the machine that they were measured on.\n*\n"


def path_of(root: Path, name: str) -> Path:
    """Where the run of that name is kept."""
    return root / DIRECTORY / f"{name}.json"


def save(root: Path, name: str, report: Report) -> Path:
    """Keep a run; one of the same name is replaced. Raises OSError."""
    path = path_of(root, name)
    write(path, as_json(report))
    ignore = path.parent / ".gitignore"
    if not ignore.exists():
        write(ignore, IGNORED)
    return path


def kept(root: Path, name: str) -> Report | None:
    """The run of that name; None if there is none. Raises UnreadableReport."""
    path = path_of(root, name)
    return load(path) if path.exists() else None


def names(root: Path) -> list[str]:
    """The names of all kept runs."""
    return sorted(path.stem for path in (root / DIRECTORY).glob("*.json"))
