"""What limits each variant, in one line."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from pytest_asyncbench.diagnosis.limiter import Limiter
from pytest_asyncbench.errors import UnknownValue
from pytest_asyncbench.measure.run import Run

NOT_THE_SERVERS = ("database cpu", "row locks", "upstream")
"""What limits a server from outside: a claim about two variants that share it is a claim about that."""
WIDTH = 118


def limiter_lines(run: Run, when: str = "") -> list[str]:
    """ "limiter: row locks: ..." for each variant; nothing where it is not known. `when` is said of a single one."""
    found = {}
    for name in run.variants:
        try:
            found[name] = run[name].limiter
        except UnknownValue:
            continue
    lines = []
    for name, limiter in found.items():
        about = f" ({name})" if len(run.variants) > 1 else f" {when}" if when else ""
        text = f"limiter{about}: {limiter}"
        lines += textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="      ")
    waits = {limiter.name for limiter in found.values()} == {"upstream"}
    return lines if waits and _queues(run) else [*lines, *_shared(found)]


def _queues(run: Run) -> bool:
    """Whether a variant is given more users than it serves at once: that then is a limit of its own."""
    plan = run.evidence.plan
    most = [run[name].spec.concurrency for name in run.variants]
    return plan.rate is None and any(plan.users > number for number in most if number is not None)


def _shared(found: Mapping[str, Limiter]) -> list[str]:
    names = {limiter.name for limiter in found.values()}
    if len(found) < 2 or len(names) > 1 or not names & set(NOT_THE_SERVERS):
        return []
    return [
        f"  note: all variants are limited by {names.pop()}: what is compared here is that, not the servers"
    ]
