"""Whose fault is an exception that a flow raised, and what is told of it."""

from __future__ import annotations

import traceback
from pathlib import Path

import httpx

import pytest_asyncbench
from pytest_asyncbench.agent.ledger import BAD_STATUS, FAILED, TIMEOUT

HIDDEN = tuple(str(Path(module.__file__ or "").parent) for module in (pytest_asyncbench, httpx))
"""Frames in here say nothing about the flow."""
MOST_FRAMES = 12


def outcome_of(error: BaseException) -> int:
    """How a visit ended that raised this: an index into OUTCOMES.

    A group of errors (of a TaskGroup) ended as its first error did.
    """
    error = first_of(error)
    known: int | None = getattr(error, "outcome", None) if isinstance(error, httpx.TransportError) else None
    if known is not None:
        return known
    if isinstance(error, httpx.HTTPStatusError):
        return BAD_STATUS
    return TIMEOUT if isinstance(error, TimeoutError | httpx.TimeoutException) else FAILED


def first_of(error: BaseException) -> BaseException:
    """The first of a group of errors; any other error itself."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def told(error: BaseException) -> str:
    """The exception in one line; below it the traceback where the flow itself has failed."""
    first = first_of(error)
    message = " ".join(str(first).split())
    line = f"{type(first).__name__}: {message}" if message else type(first).__name__
    return f"{line}\n{flow_traceback(error)}" if outcome_of(error) == FAILED else line


def flow_traceback(error: BaseException) -> str:
    """The traceback, without what is not the user's."""
    found = traceback.TracebackException.from_exception(error)
    part: traceback.TracebackException | None = found
    while part is not None:
        frames = [frame for frame in part.stack if not frame.filename.startswith(HIDDEN)]
        part.stack = traceback.StackSummary.from_list(frames[-MOST_FRAMES:])
        part = part.__cause__ or part.__context__
    return "".join(found.format()).rstrip()
