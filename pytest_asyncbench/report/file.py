"""Reports as files: written whole or not at all, read back as the same value."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from pytest_asyncbench.errors import AsyncBenchError
from pytest_asyncbench.report.codec import NotThisShape, plain, read, schema
from pytest_asyncbench.report.document import SCHEMA, Report


class UnreadableReport(AsyncBenchError):
    """A file that holds no report, or one of another schema."""


def as_json(report: Report) -> str:
    """A report as JSON of the schema "asyncbench/1"."""
    return json.dumps(plain(report), ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def from_json(text: str, where: str) -> Report:
    """The report that `as_json` wrote. `where` names it in errors. Raises UnreadableReport."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise UnreadableReport(f"{where} holds no JSON: {error}") from None
    told = data.get("schema") if isinstance(data, dict) else None
    if told != SCHEMA:
        raise UnreadableReport(f"{where}: its schema is {told!r}, and {SCHEMA!r} is what can be read here")
    try:
        return read(Report, data)
    except NotThisShape as error:
        raise UnreadableReport(f"{where}: {error}") from None


def load(path: Path) -> Report:
    """The report in a file. Raises UnreadableReport with the reason."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableReport(f"{path} cannot be read: {error}") from None
    return from_json(text, str(path))


def write(path: Path, text: str) -> None:
    """Put `text` into a file in one step, with its directories: no reader ever sees half of it. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def report_schema() -> dict[str, Any]:
    """The JSON Schema of a report; `docs/schema/asyncbench-1.json` is this."""
    return schema(Report, "A session of pytest-asyncbench")
