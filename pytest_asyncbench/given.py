"""Load calls inside a test of Hypothesis: it calls the body many times, so each call must be short and decide at
once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.metrics import METRICS, metric
from pytest_asyncbench.verdict.statements import Statement

UNDECIDED = (
    "inside @given each load call is one short slot: it judges what is counted, and nothing about speed"
)


def is_example() -> bool:
    """Whether Hypothesis is calling the body of a test just now."""
    hypothesis = sys.modules.get("hypothesis")  # who has not imported it uses no @given
    return hypothesis is not None and bool(hypothesis.currently_in_test_context())


def counted(statements: Sequence[Statement]) -> list[Statement]:
    """The statements that one short slot can judge."""
    return [statement for statement in statements if metric(statement.metric).kind == "counted"]


def check_given(function: Callable[..., Any] | None, statements: Sequence[Statement]) -> None:
    """Raise SpecError for a @given test that could not pass: with Hypothesis's deadline, or statements about speed."""
    if not getattr(function, "is_hypothesis_test", False):
        return
    from hypothesis import settings

    own = getattr(function, "_hypothesis_internal_use_settings", None) or settings.default
    if own is not None and own.deadline is not None:
        milliseconds = own.deadline.total_seconds() * 1000
        raise SpecError(
            f"a load call takes longer than Hypothesis's deadline of {milliseconds:.0f} ms for one example; "
            "add @settings(deadline=None)"
        )
    for statement in statements:
        if statement not in counted([statement]):
            known = ", ".join(entry.name for entry in METRICS.values() if entry.kind == "counted")
            raise SpecError(f"{statement}: {UNDECIDED} ({known}); state it in a test without @given")
