"""What a kept run has to say about a load call of now: values to be judged against, or why there are none. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from pytest_asyncbench.metrics import metric
from pytest_asyncbench.report.description import plan_value, spec_value
from pytest_asyncbench.report.document import LoadCall, Machine, Plan, Report, Run, Spec, Variant
from pytest_asyncbench.report.environment import differences
from pytest_asyncbench.servers.spec import ServerSpec
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.verdict.statements import SinceBaseline, SinceKept, Statement

OF_THE_EFFORT = ("rounds", "duration", "max_time")
"""Fields of a plan that say how long is measured, and nothing about what is sent."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The kept run that a session is compared with; without a `report`, `why` there is none.

    `machine` is this one: sampled values are judged only if the kept run's is the same.
    """

    why: str
    name: str = ""
    report: Report | None = None
    machine: Machine | None = None


NONE = Baseline(
    "there is no baseline; --asyncbench-against=REV judges it against a git revision, "
    "--asyncbench-compare=NAME against a kept run"
)


@dataclass(frozen=True, slots=True)
class Call:
    """A load call of now: of which test, its plan, the specs of its variants, how many of its name were before it."""

    test: str
    plan: LoadPlan
    specs: Mapping[str, ServerSpec]
    number: int = 0


def resolved(
    statements: Sequence[Statement], baseline: Baseline, call: Call
) -> tuple[list[Statement], list[str]]:
    """The statements with those about a baseline made judgeable, or left out; and what is to be said about it."""
    wanted = [statement for statement in statements if isinstance(statement, SinceBaseline)]
    others: list[Statement] = [
        statement for statement in statements if not isinstance(statement, SinceBaseline)
    ]
    if not wanted:
        return others, []
    run = _run(baseline, call)
    if isinstance(run, str):
        return others, [f"not judged: {guard}: {run}" for guard in wanted]
    found: list[Statement] = []
    notices = _changes(run, call, baseline.name)
    for guard in wanted:
        kept, why = _values(guard, run, baseline, call)
        if kept:
            found.append(SinceKept(guard.metric, guard.within, baseline.name, kept, guard.run))
        notices += [f"not judged: {guard}: {text}" for text in why]
    return [*found, *others], notices


def _run(baseline: Baseline, call: Call) -> Run | str:
    """The kept run of the same test, call and plan; or, in words, why there is none."""
    if baseline.report is None:
        return baseline.why
    told = f"the kept run {baseline.name!r}"
    tests = [test for test in baseline.report.tests if test.nodeid == call.test]
    calls = [each for test in tests for each in test.loads if each.name == call.plan.label]
    if not calls:
        return f"{told} has no {call.plan.label!r} of this test"
    kept: LoadCall = calls[min(call.number, len(calls) - 1)]
    if kept.race is not None:
        return f"{told} has a race there"
    if kept.ramp is not None or not kept.runs:
        return f"{told} has a ramp there"
    run = kept.runs[0]
    if broken := (*run.complaints, *filter(None, [run.caution])):
        return f"{told} is INVALID itself there: {'; '.join(broken)}"
    if other := _plan_differences(run.plan, plan_value(call.plan, tuple(call.specs))):
        return f"{told} was measured with another plan: {'; '.join(other)}"
    return run


def _plan_differences(then: Plan, now: Plan) -> list[str]:
    names = [each.name for each in fields(Plan) if each.name not in OF_THE_EFFORT]
    pairs = {name: (getattr(then, name), getattr(now, name)) for name in names}
    return [f"{name} was {a}, is {b}" for name, (a, b) in pairs.items() if a != b]


def _values(
    guard: SinceBaseline, run: Run, baseline: Baseline, call: Call
) -> tuple[tuple[tuple[str, tuple[float, ...]], ...], list[str]]:
    """The kept values of each variant, and what is missing."""
    sampled = metric(guard.metric).kind == "sampled"
    if sampled and (why := _another_machine(baseline)):
        return (), [why]
    variants = {variant.name: variant for variant in run.variants}
    found: list[tuple[str, tuple[float, ...]]] = []
    missing = [name for name in call.specs if name not in variants]
    notices = [f"the kept run {baseline.name!r} has no variant {name!r}" for name in missing]
    for name in call.specs:
        if name not in variants:
            continue
        values = _known(variants[name], guard.metric, sampled)
        if values:
            found.append((name, values))
        else:
            notices.append(f"the kept run {baseline.name!r} has no {guard.metric} of {name!r}")
    return tuple(found), notices


def _known(variant: Variant, name: str, sampled: bool) -> tuple[float, ...]:
    values = variant.data.get(name, ())
    if not values or any(value is None for value in values):
        return ()
    known = tuple(value for value in values if value is not None)
    return known if sampled else known[:1]


def _another_machine(baseline: Baseline) -> str:
    if baseline.report is None or baseline.machine is None:
        return baseline.why
    other = differences(baseline.report.environment.machine, baseline.machine)
    if not other:
        return ""
    return (
        f"the kept run {baseline.name!r} was measured on another machine ({'; '.join(other)}); "
        "only counted metrics are the same on every machine"
    )


def _changes(run: Run, call: Call, name: str) -> list[str]:
    """What is another server now: worth knowing, and judged all the same, since it may be what the change is about."""
    then = {variant.name: variant.spec for variant in run.variants}
    found = []
    for variant, spec in call.specs.items():
        if variant in then and (
            changed := _spec_differences(then[variant], spec_value(spec, spec.settled()))
        ):
            found.append(f"{variant} is another server than in the kept run {name!r}: {'; '.join(changed)}")
    return found


def _spec_differences(then: Spec, now: Spec) -> list[str]:
    before = {"program": then.program, **then.words, **then.env}
    after = {"program": now.program, **now.words, **now.env}
    names = dict.fromkeys([*before, *after])
    return [
        f"{name} was {before.get(name, 'not set')}, is {after.get(name, 'not set')}"
        for name in names
        if before.get(name) != after.get(name)
    ]
