"""What is configured differently in the variants: never refused, always shown, side by side."""

from __future__ import annotations

from pytest_asyncbench.errors import UnknownValue
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.metrics import metric
from pytest_asyncbench.report.cells import UNKNOWN
from pytest_asyncbench.report.table import table
from pytest_asyncbench.servers.spec import ServerSpec

WORDS = ("program", "app", "interface", "workers", "threads", "greenlets", "loop", "http", "python", "args")
COUNTED = ("queries_per_request", "rows_per_request", "connections_max", "connections_per_request")
LONGEST = 40


def difference_lines(evidence: Evidence) -> list[str]:
    """A table of what differs, a row for each word, variable or count; nothing where all are alike."""
    names = evidence.own
    if len(names) < 2:
        return []
    specs = [evidence.specs[name].settled() for name in names]
    rows = [(word, [_word(spec, word) for spec in specs]) for word in WORDS]
    variables = sorted({name for spec in specs for name, _ in spec.env})
    rows += [(f"{name}=", [dict(spec.env).get(name, UNKNOWN) for spec in specs]) for name in variables]
    rows += [(name, [_count(evidence, variant, name) for variant in names]) for name in COUNTED]
    different = [[what, *map(_short, values)] for what, values in rows if len(set(values)) > 1]
    return table(("different", *names), different) if different else []


def _word(spec: ServerSpec, word: str) -> str:
    value = getattr(spec, word)
    return UNKNOWN if value in (None, ()) else " ".join(value) if isinstance(value, tuple) else str(value)


def _count(evidence: Evidence, variant: str, name: str) -> str:
    entry = metric(name)
    try:
        return entry.show(entry.count(evidence.counts[variant])) if entry.count else UNKNOWN
    except (KeyError, UnknownValue):
        return UNKNOWN


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
