"""The result of a test as text: a table of the variants, and under it each statement with its reason."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from pytest_asyncbench.diagnosis.distance import distance
from pytest_asyncbench.judging import Judgement, worst_first, worth_telling
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.failures import describe_failures, first_traceback
from pytest_asyncbench.measure.race_run import Race
from pytest_asyncbench.measure.run import Run, VariantRun
from pytest_asyncbench.metrics import metric
from pytest_asyncbench.report.cells import UNKNOWN, cell
from pytest_asyncbench.report.counts import count_lines
from pytest_asyncbench.report.differences import difference_lines
from pytest_asyncbench.report.limiters import limiter_lines
from pytest_asyncbench.report.race import race_lines
from pytest_asyncbench.report.ramp import ramp_lines
from pytest_asyncbench.report.servers import cleared, started
from pytest_asyncbench.report.slowest import slowest_lines
from pytest_asyncbench.report.table import table
from pytest_asyncbench.testcase import Record, TestCase
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.verdict.statements import Budget, Statement

WIDTH = 118
COLUMNS = ("rps", "mean", "p50", "p95", "p99", "errors", "cpu_per_request")
HEADINGS = (
    "variant",
    "server",
    "workers",
    "threads",
    "rps",
    "mean",
    "p50",
    "p95",
    "p99",
    "errors",
    "CPU/request",
)
STEP_COLUMNS = ("rps", "mean", "p50", "p95", "p99", "errors")
MOST_STEPS = 40


def explain(case: TestCase) -> str:
    """Everything that was found in a test, one block for each load call."""
    return "\n\n".join("\n".join(record_lines(record)) for record in case.records)


def reason(case: TestCase) -> str:
    """Why a test is not passed, in one line: its worst judgement."""
    return judgement_text(worst_first(case.told())[0])


def record_lines(record: Record) -> list[str]:
    """One load call: what was sent, the table, the statements, and how it was measured."""
    if record.ramp is not None:
        judged = [
            line for item in worst_first(worth_telling(record.judgements)) for line in judgement_lines(item)
        ]
        return ramp_lines(record.ramp, judged)
    if record.slowest is not None:
        judged = [
            line for item in worst_first(worth_telling(record.judgements)) for line in judgement_lines(item)
        ]
        return slowest_lines(record.slowest, judged)
    if record.race is not None:
        return _race(record, record.race)
    run = record.run
    rows = [_row(run[name]) for name in run.variants]
    lines = [_heading(run), *table(HEADINGS, rows, left=2), *_steps(run)]
    lines += [*difference_lines(run.evidence), *count_lines(run.evidence), *limiter_lines(run)]
    for judgement in worst_first(worth_telling(record.judgements)):
        lines += judgement_lines(judgement)
    notes = [*_closing(run), *run.evidence.notes, *filter(None, [run.evidence.caution])]
    lines += [line for note in notes for line in _note(note)]
    lines += [f"  {text}" for name in run.variants if (text := _failures(run, name))]
    lines += textwrap.indent(first_traceback(run.evidence), "    ").splitlines()
    lines += [f"  {text}" for text in [cleared(run.evidence)] if text]
    return [*lines, _measured(run)]


def _race(record: Record, race: Race) -> list[str]:
    """A race: its table, the winner, the statements about that, and how it was measured."""
    judged = [
        line for item in worst_first(worth_telling(record.judgements)) for line in judgement_lines(item)
    ]
    lines = race_lines(race, shape_text(race.plan.load), judged)
    notes = [note for run in record.runs.values() for note in (*_closing(run), *run.evidence.notes)]
    lines += [line for note in dict.fromkeys((*notes, *race.notes)) for line in _note(note)]
    lines += [f"  {text}" for text in [cleared(race.run.evidence)] if text]
    return [*lines, *(_measured(run) for run in record.runs.values())]


def _closing(run: Run) -> list[str]:
    """The variants whose server closes connections that the load would have kept."""
    closing = [name for name in run.variants if run[name].spec.keepalive is False]
    if not closing or not run.evidence.plan.keepalive:
        return []
    return [f"{', '.join(closing)}: a connection per request, because the server closes each one"]


def _note(note: str) -> list[str]:
    return textwrap.wrap(f"note: {note}", WIDTH, initial_indent="  ", subsequent_indent="      ")


def judgement_lines(judgement: Judgement) -> list[str]:
    """A verdict, the statement and the reason, wrapped; nothing for what is not worth a line."""
    if not judgement.is_worth_a_line:
        return []
    told = textwrap.wrap(judgement_text(judgement), WIDTH, initial_indent="  ", subsequent_indent="      ")
    return [*told, *(f"      {line}" for line in judgement.details)]


def judgement_text(judgement: Judgement) -> str:
    """A verdict, the statement and the reason in one line."""
    about = f" ({judgement.variant})" if judgement.variant and judgement.variant != "server" else ""
    return f"{judgement.outcome} {statement_text(judgement.statement)}{about}: {judgement.why}"


def statement_text(statement: Statement) -> str:
    """A statement as it is read: "p95 <= 250 ms", "pooled > unpooled in rps by more than 20 %"."""
    if isinstance(statement, Budget):
        sign = ">=" if statement.at_least else "<="
        return f"{statement.metric} {sign} {metric(statement.metric).show(statement.limit)}"
    return str(statement)


def _heading(run: Run) -> str:
    plan = run.evidence.plan
    return f"{plan.label} {shape_text(plan)}{'' if plan.keepalive else ', a connection per request'}"


def shape_text(plan: LoadPlan) -> str:
    """ "with 64 users, 1 s think time", "at 200 requests/s (poisson arrivals)"."""
    if plan.rate is not None:
        return f"at {plan.rate:g} requests/s ({plan.arrivals} arrivals)"
    users = f"{plan.users} user{'s' * (plan.users > 1)}"
    think = f"{plan.think_time:g} s" if isinstance(plan.think_time, float | int) else str(plan.think_time)
    return f"with {users}{f', {think} think time' if plan.think_time else ''}"


def _row(run: VariantRun) -> list[str]:
    spec = run.spec
    counts = [UNKNOWN if count is None else str(count) for count in (spec.workers, spec.threads)]
    server = " ".join(part for part in (spec.program, spec.worker_class or spec.interface) if part)
    return [run.variant, server, *counts, *(cell(run, name) for name in COLUMNS)]


def _steps(run: Run) -> list[str]:
    """A table of the requests by name, where there are several but not too many to read."""
    steps = [step for name in run.variants for step in run[name].steps.values()]
    if len(steps) <= len(run.variants) or len(steps) > MOST_STEPS:
        return []
    rows = [[step.variant, step.name, *(cell(step, name) for name in STEP_COLUMNS)] for step in steps]
    return table(("variant", "request", *STEP_COLUMNS), rows, left=2)


def _failures(run: Run, variant: str) -> str:
    failed = sum(count for outcome, count in run[variant].outcomes.items() if outcome != "ok")
    return describe_failures(run.evidence, variant) if failed else ""


def _measured(run: Run) -> str:
    evidence = run.evidence
    rounds = len(evidence.rounds)
    if not rounds and evidence.bursts:
        took = f"counted on bursts in {evidence.seconds:.1f} s, nothing timed"
        return "  " + "; ".join(filter(None, (took, *evidence.surroundings, _distance(evidence))))
    windows = _windows([slot.samples.window for slots in evidence.rounds for slot in slots])
    took = f"{rounds} round{'s' * (rounds != 1)} of {windows} slots in {evidence.seconds:.0f} s, seed {evidence.seed}"
    told = (took, *evidence.surroundings, _distance(evidence), started(evidence))
    return "  " + "; ".join(text for text in told if text)


def _distance(evidence: Evidence) -> str:
    return distance({name: evidence.round_trips(name) for name in evidence.variants})


def _windows(seconds: Sequence[float]) -> str:
    if not seconds:
        return "no"
    low, high = min(seconds), max(seconds)
    return f"{low:.1f} s" if high < low * 1.2 else f"{low:.1f} to {high:.1f} s"
