"""Plans and server specs as a report has them: equal where the same was asked. Pure."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from typing import Any

from pytest_asyncbench.errors import AsyncBenchError
from pytest_asyncbench.masking import known_secrets, masked_command, masked_environment
from pytest_asyncbench.report.codec import plain
from pytest_asyncbench.report.document import Plan, Spec
from pytest_asyncbench.servers.place import Place
from pytest_asyncbench.servers.programs import program
from pytest_asyncbench.servers.spec import ServerSpec, words
from pytest_asyncbench.traffic.flow import Flow
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.requests import RequestDescription

PORT = 65535
"""Stands for the port in command lines, which differs in every session; no other word is likely to be it."""


def plan_value(plan: LoadPlan, variants: Sequence[str]) -> Plan:
    """What was asked of all variants."""
    opened = plan.rate is not None
    sent = hashlib.sha256()
    for name in variants:
        own = plan.of(name)
        parts = [_told(item) for item in own.requests]
        sent.update(
            repr((name if plan.compared else "", parts, own.weights, own.stream is not None)).encode()
        )
        if not plan.compared:
            break
    return Plan(
        requests=sent.hexdigest()[:16],
        users=None if opened else plan.users,
        rate=plan.rate,
        arrivals=plan.arrivals if opened else None,
        max_in_flight=plan.max_in_flight if opened else None,
        think_time=str(plan.think_time) if plan.think_time else "",
        slot=plan.slot,
        duration=plan.duration,
        warmup=plan.warmup,
        timeout=plan.timeout,
        expect=_ranges(plan.expect) if plan.rule is None else _rule(plan),
        keepalive=plan.keepalive,
        rounds=plan.rounds,
        max_time=plan.max_time if math.isfinite(plan.max_time) else 0.0,
    )


def spec_value(spec: ServerSpec, settled: ServerSpec) -> Spec:
    """A server as it was launched: its command line with `{port}` and `{python}`."""
    set_words = {word: getattr(settled, word) for word in words() if word not in ("env", "name")}
    app = {"app": settled.app} if settled.app else {}
    secrets = known_secrets(dict(settled.env))
    if settled.args:
        set_words["args"] = masked_command(settled.args, secrets)
    return Spec(
        label=spec.label(),
        program=spec.program,
        mode=settled.mode,
        concurrency=settled.concurrency,
        words={word: plain(value) for word, value in (app | set_words).items() if value not in (None, ())},
        command=masked_command(_command(settled), secrets),
        env=masked_environment(dict(settled.env)),
    )


def _command(settled: ServerSpec) -> tuple[str, ...]:
    """What is run; empty where the program cannot say so by itself."""
    try:
        argv = program(settled.program).argv(settled, Place("{python}", PORT))
    except AsyncBenchError:
        return ()
    return tuple(part.replace(str(PORT), "{port}") for part in argv)


def _told(item: RequestDescription) -> tuple[str, ...]:
    """A request so that equal ones are told alike in every session: functions by their names."""
    if isinstance(item, Flow):
        return (item.label,)
    shaped = "" if item.shaped is None else repr(item.shaped.read())
    keywords = (f"{word}={_named(value)}" for word, value in sorted(item.keywords.items()))
    return (item.label, item.method, item.url, shaped, *keywords)


def _named(value: Any) -> str:
    if callable(value):
        return str(getattr(value, "__qualname__", type(value).__qualname__))
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def _rule(plan: LoadPlan) -> str:
    """A rule of bodies by its kind: what it asks is the test's."""
    return f"{type(plan.rule).__name__}, every {plan.expect_every}"


def _ranges(statuses: frozenset[int]) -> str:
    """ "200-299", "200, 404"."""
    ordered, parts = sorted(statuses), []
    while ordered:
        run = [ordered.pop(0)]
        while ordered and ordered[0] == run[-1] + 1:
            run.append(ordered.pop(0))
        parts.append(f"{run[0]}" if len(run) == 1 else f"{run[0]}-{run[-1]}")
    return ", ".join(parts)
