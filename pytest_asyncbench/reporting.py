"""Writes the reports that were asked for, when the session ends: also after failures and Ctrl-C."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_asyncbench.options import OPTIONS
from pytest_asyncbench.settings import is_smoke, option_value

if TYPE_CHECKING:
    from pytest_asyncbench.report.document import Report
    from pytest_asyncbench.report.session import Ending

FILES = ("json", "markdown", "html")
NAME = "asyncbench-reports"
INTERRUPTED = "interrupted"
"""Outcome of a test that was set up and has not ended."""
MOST_OF_SUMMARY = 900_000
"""Bytes; GitHub refuses a step's summary above 1 MiB."""


def keep_reports(config: pytest.Config) -> None:
    """Have reports written at the end, if any was asked for. Raises pytest.UsageError for what cannot be written."""
    wanted = {name: path for name in FILES if (path := option_value(config, name))}
    saved = option_value(config, "save")
    if not (wanted or saved) or hasattr(config, "workerinput") or config.option.collectonly:
        return
    paths = {name: config.invocation_params.dir / path for name, path in wanted.items()}
    for name, path in paths.items():
        _require_writable(name, path)
    if "html" in paths:
        require_html()
    config.pluginmanager.register(Reports(config, paths, saved), NAME)


def require_html() -> None:
    """Raise pytest.UsageError that says what to install, if the HTML report cannot be made."""
    from pytest_asyncbench.report.extra import MissingExtra, require_matplotlib

    try:
        require_matplotlib("--asyncbench-html")
    except MissingExtra as error:
        raise pytest.UsageError(str(error)) from None


class Reports:
    """Collects how the tests ended, and writes the files of a session."""

    def __init__(self, config: pytest.Config, paths: dict[str, Path], saved: str | None) -> None:
        self._config = config
        self._paths = paths
        self._saved = saved
        self._began = time.time()
        self._endings: dict[str, Ending] = {}
        self._written: list[str] = []
        self._trouble: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        from pytest_asyncbench.report.session import Ending

        before = self._endings.get(report.nodeid) if report.when != "setup" else None
        seconds = report.duration + (before.seconds if before else 0.0)
        outcome, message = _outcome(report)
        if before and report.when == "teardown" and outcome == "passed":
            outcome, message = before.outcome, before.message
        self._endings[report.nodeid] = Ending(outcome, message, seconds)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int | pytest.ExitCode) -> None:
        report = self._report(interrupted=exitstatus == pytest.ExitCode.INTERRUPTED)
        if self._saved:
            self._save(self._saved, report)
        for name, path in self._paths.items():  # the JSON first: all others can be made from it
            self._write(name, path, report)
        if self._trouble and session.exitstatus in (0, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for text in self._written:
            terminalreporter.write_line(f"asyncbench: {text}")
        for text in self._trouble:
            terminalreporter.write_line(f"asyncbench: {text}", red=True)

    def _report(self, interrupted: bool) -> Report:
        from pytest_asyncbench.items import BENCH
        from pytest_asyncbench.report.environment import environment
        from pytest_asyncbench.report.session import report_of

        bench = self._config.stash.get(BENCH, None)
        options: dict[str, Any] = {o.name: option_value(self._config, o.name) for o in OPTIONS}
        now = time.time()
        return report_of(
            bench.cases if bench else (),
            self._endings,
            environment(self._config.rootpath),
            {**options, "smoke": is_smoke(self._config)},
            ended=now,
            seconds=round(now - self._began, 3),
            interrupted=interrupted,
            notices=tuple(dict.fromkeys(bench.notices)) if bench else (),
        )

    def _write(self, name: str, path: Path, report: Report) -> None:
        from pytest_asyncbench.report.file import write

        text = _render(name, report)
        try:
            write(path, text)
            self._written.append(f"{name} report: {path}")
            summary = os.environ.get("GITHUB_STEP_SUMMARY")
            if name == "markdown" and summary:
                with open(summary, "a", encoding="utf-8") as file:
                    file.write(_shortened(text))
        except OSError as error:
            self._trouble.append(f"the {name} report could not be written: {error}")

    def _save(self, name: str, report: Report) -> None:
        from pytest_asyncbench.baseline.saved import save

        if is_smoke(self._config) or not any(test.loads for test in report.tests):
            self._trouble.append(f"nothing was measured, so nothing was saved as {name!r}")
            return
        try:
            path = save(self._config.rootpath, name, report)
            self._written.append(f"saved as {name!r}: {path}")
        except OSError as error:
            self._trouble.append(f"the run could not be saved as {name!r}: {error}")


def _render(name: str, report: Report) -> str:
    if name == "json":
        from pytest_asyncbench.report.file import as_json

        return as_json(report)
    if name == "markdown":
        from pytest_asyncbench.report.markdown import as_markdown

        return as_markdown(report)
    from pytest_asyncbench.report.html import as_html

    return as_html(report)


def _outcome(report: pytest.TestReport) -> tuple[str, str]:
    if report.failed:
        return ("failed" if report.when == "call" else "error"), report.longreprtext
    if report.skipped:
        told = report.longrepr
        return "skipped", str(told[2]) if isinstance(told, tuple) else str(told or "")
    return (INTERRUPTED if report.when == "setup" else "passed"), ""


def _shortened(markdown: str) -> str:
    if len(markdown.encode()) <= MOST_OF_SUMMARY:
        return markdown
    kept = markdown.encode()[:MOST_OF_SUMMARY].decode(errors="ignore")
    return f"{kept}\n\n(shortened)\n"


def _require_writable(name: str, path: Path) -> None:
    """Raise pytest.UsageError now, not after an hour of measuring."""
    place = next((parent for parent in path.absolute().parents if parent.exists()), Path("/"))
    if path.is_dir():
        raise pytest.UsageError(f"--asyncbench-{name}={path}: that is a directory; give a file")
    if not place.is_dir() or not os.access(place, os.W_OK):
        raise pytest.UsageError(f"--asyncbench-{name}={path}: nothing can be written in {place}")
