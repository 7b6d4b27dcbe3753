"""A whole session -> its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pytest_asyncbench.masking import masked_text
from pytest_asyncbench.report.document import Environment, Report, Test
from pytest_asyncbench.report.recording import load_call, metric_infos
from pytest_asyncbench.testcase import TestCase

NOT_RUN = "not run"
MOST_CHARACTERS = 20_000
"""Of the message of one test, and of the log of one server, of which it is the end."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How pytest says that a test ended."""

    outcome: str
    message: str = ""
    seconds: float = 0.0


def report_of(
    cases: Sequence[TestCase],
    endings: Mapping[str, Ending],
    environment: Environment,
    options: Mapping[str, Any],
    *,
    ended: float,
    seconds: float,
    interrupted: bool = False,
    notices: Sequence[str] = (),
) -> Report:
    """The report of a session; `ended` is a time of `time.time`. A test that was run again counts once."""
    latest = {case.name: case for case in cases}
    return Report(
        created=datetime.fromtimestamp(ended, UTC).isoformat(timespec="seconds"),
        seconds=seconds,
        interrupted=interrupted,
        environment=environment,
        options={name: _without_password(value) for name, value in options.items()},
        metrics=metric_infos(),
        tests=tuple(_test(case, endings.get(name, Ending(NOT_RUN))) for name, case in latest.items()),
        notices=tuple(notices),
    )


def _test(case: TestCase, ending: Ending) -> Test:
    return Test(
        nodeid=case.name,
        outcome=ending.outcome,
        verdict=case.outcome() if any(record.judgements for record in case.records) else None,
        message=ending.message[:MOST_CHARACTERS],
        seconds=ending.seconds,
        loads=tuple(load_call(record) for record in case.records),
        logs={name: log[-MOST_CHARACTERS:] for name, log in case.logs().items() if log.strip()},
    )


def _without_password(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _without_password(held) for name, held in value.items()}
    return masked_text(value) if isinstance(value, str) else value
