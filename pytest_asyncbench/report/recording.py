"""What was found in the tests -> the value that every report is made from. Pure: nothing is read from outside."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_asyncbench.diagnosis.counters import counters_of
from pytest_asyncbench.errors import AsyncBenchError
from pytest_asyncbench.judging import Judgement
from pytest_asyncbench.marks import is_built_in
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.failures import describe_failures
from pytest_asyncbench.measure.provenance import Provenance, Server
from pytest_asyncbench.measure.race_run import Race
from pytest_asyncbench.measure.ramp_run import Ramp, RampValue
from pytest_asyncbench.measure.run import Run, VariantRun
from pytest_asyncbench.measure.slot import Slot
from pytest_asyncbench.measure.steps import StepRun
from pytest_asyncbench.metrics import METRICS
from pytest_asyncbench.report import document
from pytest_asyncbench.report.codec import plain
from pytest_asyncbench.report.description import plan_value, spec_value
from pytest_asyncbench.report.distribution import distribution, series
from pytest_asyncbench.report.figures import figure_of
from pytest_asyncbench.report.hunted import heading, slowest_value
from pytest_asyncbench.report.race import race_value
from pytest_asyncbench.report.text import shape_text, statement_text
from pytest_asyncbench.report.track import tracks
from pytest_asyncbench.testcase import Record
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.statements import Statement

MOST_STEPS = 100


def load_call(record: Record) -> document.LoadCall:
    """One load call of a test, with what its statements came to."""
    ramp = record.ramp
    runs = tuple(record.runs.values()) if ramp is None or ramp.steps else ()
    if record.race:
        return _race_call(record, record.race)
    return document.LoadCall(
        name=ramp.name if ramp else record.run.name,
        shape=_ramp_shape(ramp) if ramp else _shape(record),
        statements=tuple(_statement(item, record) for item in record.judgements),
        runs=tuple(run_value(run) for run in runs),
        ramp=_ramp(ramp) if ramp else None,
        slowest=slowest_value(record.slowest) if record.slowest else None,
    )


def _shape(record: Record) -> str:
    return heading(record.slowest) if record.slowest else shape_text(record.run.evidence.plan)


def _race_call(record: Record, race: Race) -> document.LoadCall:
    """The race, and the winner measured again: two runs of one plan, told apart by their names."""
    return document.LoadCall(
        name=race.name,
        shape=shape_text(race.plan.load),
        statements=tuple(_statement(item, record) for item in record.judgements),
        runs=tuple(replace(run_value(run), name=name) for name, run in record.runs.items()),
        race=race_value(race),
    )


def run_value(run: Run) -> document.Run:
    """What was measured with one plan."""
    evidence = run.evidence
    slots = [slot for row in evidence.rounds for slot in row]
    positions = {id(slot): number for number, slot in enumerate(slots)}
    opened = min((slot.samples.opened for slot in slots), default=0.0)
    return document.Run(
        name=run.name,
        plan=plan_value(evidence.plan, evidence.variants),
        variants=tuple(_variant(run, name, positions, opened) for name in run.variants),
        order=tuple(tuple(slot.variant for slot in row) for row in evidence.rounds),
        seed=evidence.seed,
        rounds=len(evidence.rounds),
        merged=evidence.merged,
        cap=evidence.cap,
        seconds=evidence.seconds,
        notes=evidence.notes,
        complaints=evidence.complaints,
        caution=evidence.caution,
        surroundings=evidence.surroundings,
        cleared=evidence.cleared,
        voided=evidence.voided,
        confirming=run_value(_confirming(run, evidence.confirming)) if evidence.confirming else None,
        provenance=_provenance(evidence.provenance) if evidence.provenance else None,
    )


def _confirming(run: Run, evidence: Evidence) -> Run:
    """The rounds of fresh launches, as a run of their own."""
    return Run(evidence, effort=run.origin.effort, ok={name: run[name].ok for name in run.variants})


def metric_infos() -> tuple[document.MetricInfo, ...]:
    """The registry, so that a report explains itself."""
    return tuple(
        document.MetricInfo(entry.name, entry.unit, entry.more_is_better, entry.kind, entry.source)
        for entry in METRICS.values()
    )


def _variant(run: Run, name: str, positions: Mapping[int, int], opened: float) -> document.Variant:
    measured, evidence = run[name], run.evidence
    slots = evidence.slots(name)
    failed = any(outcome != "ok" and count for outcome, count in measured.outcomes.items())
    return document.Variant(
        name=name,
        spec=spec_value(measured.spec, measured.spec.settled()),
        requests=tuple(item.label for item in evidence.plan.of(name).requests),
        startup=(evidence.startups or {}).get(name),
        ok=measured.ok,
        alone=evidence.alone.get(name),
        figures={metric: figure(measured, metric) for metric in METRICS},
        outcomes=dict(sorted(measured.outcomes.items())),
        failures=describe_failures(evidence, name) if failed else "",
        data={metric: found for metric in METRICS if (found := _data(measured, metric))},
        distribution=distribution([slot.samples for slot in slots]),
        slots=tuple(_slot(slot, positions[id(slot)], opened) for slot in slots),
        steps=_steps(measured),
        limiter=_limiter(measured),
        counters=_counters(evidence, name),
        revision=_revision(evidence, name),
        round_trips=evidence.round_trips(name),
    )


def figure(measured: VariantRun | StepRun, metric: str) -> document.Figure:
    """The value of a metric as a report has it; also one that is not known, with the reason."""
    try:
        return figure_of(measured.measure(metric))
    except AsyncBenchError as error:
        return document.Figure(None, None, None, METRICS[metric].unit, "-", str(error))


def _data(measured: VariantRun, metric: str) -> tuple[float | None, ...]:
    if METRICS[metric].kind == "shown":
        return ()
    try:
        return tuple(_finite(value) for value in measured.measure(metric).data)
    except AsyncBenchError:
        return ()


def _steps(measured: VariantRun) -> Mapping[str, Mapping[str, document.Figure]]:
    """The figures of single requests that are known, where there are several requests but not too many to read."""
    if not 1 < len(measured.steps) <= MOST_STEPS:
        return {}
    found = {
        name: {metric: figure(step, metric) for metric in METRICS} for name, step in measured.steps.items()
    }
    return {
        name: {metric: each for metric, each in figures.items() if each.shown != "-"}
        for name, figures in found.items()
    }


def _slot(slot: Slot, position: int, opened: float) -> document.SlotValues:
    samples = slot.samples
    return document.SlotValues(
        round=slot.round,
        position=position,
        opened=round(samples.opened - opened, 6),
        seconds=round(samples.ended - samples.started, 6),
        window=samples.window,
        values=_values_of_one(slot),
        outcomes=dict(sorted(samples.outcomes().items())),
        connections=samples.connections,
        agent_cpu=_finite(samples.agent_cpu),
        server_cpu=slot.server_cpu,
        memory=slot.memory,
        series=series(samples),
        counters=None if slot.counters is None else plain(slot.counters),
    )


def _values_of_one(slot: Slot) -> Mapping[str, float | None]:
    values: dict[str, float | None] = {}
    for name, metric in METRICS.items():
        try:
            values[name] = _finite(float(metric.read((slot,))))
        except AsyncBenchError:
            continue
    return values


def _statement(item: Judgement, record: Record) -> document.Statement:
    statement, verdict, run = item.statement, item.verdict, record.run
    counted = METRICS[statement.metric].kind == "counted"
    known = verdict is not None and not (counted and record.ramp is None and verdict.ratio == 0)
    return document.Statement(
        text=statement_text(statement),
        kind=_kind(statement),
        metric=statement.metric,
        variant=item.variant,
        outcome=item.outcome,
        why=item.why,
        built_in=is_built_in(statement),
        ratio=_finite(verdict.ratio) if verdict and known else None,
        low=_finite(verdict.low) if verdict and verdict.high < math.inf else None,
        high=_finite(verdict.high) if verdict else None,
        rounds=verdict.rounds if verdict else None,
        tracks=()
        if record.ramp or record.slowest
        else tracks(run.evidence, statement, item.variant, _effort(run)),
        details=item.details,
    )


def _effort(run: Run) -> Effort:
    return run.origin.effort


def _kind(statement: Statement) -> str:
    """ "no_regression" for NoRegression: the marker's name."""
    name = type(statement).__name__
    return "no_regression" if name.startswith("Since") else re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _ramp(ramp: Ramp) -> document.Ramp:
    return document.Ramp(
        by=ramp.plan.by,
        unit=ramp.unit,
        loads=tuple(float(load) for load in ramp.loads),
        repeats=len(ramp.ascents),
        knee=_found(ramp, "knee"),
        slo_limit=_found(ramp, "slo_limit"),
        cliff=_found(ramp, "cliff"),
        notes=(*ramp.complaints, *ramp.notes),
    )


def _found(ramp: Ramp, name: str) -> document.Found:
    value = ramp.find(name)
    if not isinstance(value, RampValue):
        return document.Found(None, None, None, "-", value)
    low = None if (value.low, value.high) == (0.0, math.inf) else _finite(value.low)
    return document.Found(_finite(value.value), low, _finite(value.high), str(value), kneedle=value.kneedle)


def _ramp_shape(ramp: Ramp) -> str:
    loads = ramp.plan.loads
    return f"ramp from {loads[0]:g} to {ramp.plan.told(loads[-1])}"


def _provenance(found: Provenance) -> document.Provenance:
    postgresql = found.postgresql
    return document.Provenance(
        {name: _launch(server) for name, server in found.servers.items()},
        document.PostgreSQL(
            postgresql.version,
            postgresql.source,
            postgresql.profile,
            dict(postgresql.settings),
            tuple(postgresql.lacks),
        )
        if postgresql
        else None,
    )


def _launch(server: Server) -> document.Launch:
    launched, software = server.launched, server.software
    return document.Launch(
        launched.command,
        launched.cwd,
        dict(launched.env),
        launched.python,
        software.python,
        dict(software.packages),
    )


def _revision(evidence: Evidence, variant: str) -> document.Revision | None:
    """What another revision a variant belongs to."""
    found = evidence.provenance.revisions.get(variant) if evidence.provenance else None
    return document.Revision(found.commit, found.name, dirty=False) if found else None


def _limiter(measured: VariantRun) -> Mapping[str, Any] | None:
    """What limits a variant, with the line that says it; None where nothing was watched."""
    try:
        found = measured.limiter
    except AsyncBenchError:
        return None
    return {**plain(found), "line": str(found)}


def _counters(evidence: Evidence, variant: str) -> Mapping[str, Any] | None:
    """What was watched under load and what was counted on a burst, as far as there is any of it."""
    watched, exact = counters_of(evidence, variant), evidence.counts.get(variant)
    found = {"load": watched, "counted": exact}
    known = {name: plain(value) for name, value in found.items() if value is not None}
    return known or None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
