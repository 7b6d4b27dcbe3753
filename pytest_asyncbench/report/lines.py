"""What every format says in the same words: headings, verdicts, which figures stand in a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from pytest_asyncbench.diagnosis.distance import distance
from pytest_asyncbench.report.document import LoadCall, Report, Run, Statement, Test, Variant

ORDER = ("INVALID", "FAIL", "INCONCLUSIVE", "PASS")
FIRST = ("rps", "mean", "p50", "p95", "p99", "errors", "cpu_per_request")
"""Metrics in the order of the tables; all others follow."""
HEADINGS = {"cpu_per_request": "CPU/request"}
UNKNOWN = "-"


def counted_verdicts(report: Report) -> str:
    """ "1 FAIL, 3 PASS": of every statement that somebody wrote, or that was broken."""
    counts = Counter(item.outcome for _, call in report.load_calls for item in told(call))
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in ORDER if counts[outcome]) or "no verdicts"


def told(call: LoadCall) -> list[Statement]:
    """The statements worth a line, the worst first."""
    worth = [item for item in call.statements if not item.built_in or item.outcome in ("FAIL", "INVALID")]
    return sorted(worth, key=lambda item: ORDER.index(item.outcome) if item.outcome in ORDER else 0)


def interval(statement: Statement) -> str:
    """ "4.90 [4.43, 6.24]"; "-" without a ratio."""
    if statement.ratio is None:
        return UNKNOWN
    if statement.low is None or statement.high is None or statement.low == statement.high:
        return f"{statement.ratio:.4g}"
    return f"{statement.ratio:.4g} [{statement.low:.4g}, {statement.high:.4g}]"


def about(statement: Statement) -> str:
    """The statement, with the variant that it is about where there are several."""
    named = statement.variant and statement.variant != "server"
    return f"{statement.text} ({statement.variant})" if named else statement.text


def shown_metrics(variants: Sequence[Variant]) -> list[str]:
    """Metrics that at least one of the variants has a value of, the usual ones first."""
    known = [
        name for variant in variants for name, figure in variant.figures.items() if figure.shown != UNKNOWN
    ]
    first = [name for name in FIRST if name in known]
    return [*first, *(name for name in dict.fromkeys(known) if name not in first)]


def shown(variant: Variant, name: str) -> str:
    """A figure as text; "-" where it is not known."""
    return variant.figures[name].shown if name in variant.figures else UNKNOWN


def brief(variant: Variant, name: str) -> str:
    """The same without its interval."""
    return shown(variant, name).partition(" [")[0]


def server(variant: Variant) -> str:
    """ "granian wsgi, 1 worker, 32 threads"."""
    words = variant.spec.words
    parts = [" ".join(str(part) for part in (variant.spec.program, words.get("interface")) if part)]
    for word in ("workers", "threads", "greenlets"):
        if isinstance(count := words.get(word), int):
            parts.append(f"{count} {word[:-1] if count == 1 else word}")
    return ", ".join(parts)


def measured(run: Run) -> str:
    """ "8 rounds of 2 variants in 28 s, seed 848048"."""
    variants = f" of {len(run.variants)} variants" if len(run.variants) > 1 else ""
    took = f"{run.rounds} round{'s' * (run.rounds != 1)}{variants} in {run.seconds:.0f} s, seed {run.seed}"
    far = distance({variant.name: variant.round_trips for variant in run.variants})
    return "; ".join(filter(None, (took, *run.surroundings, far)))


def remarks(run: Run) -> list[str]:
    """What is to be known of a run beside its figures."""
    found = [*(f"broken: {text}" for text in run.complaints), *([run.caution] if run.caution else [])]
    return [*found, *run.notes, *(variant.failures for variant in run.variants if variant.failures)]


def limiter(owner: Statement | Variant) -> str:
    """What limited the throughput, in one line; empty where it is not known."""
    found: Mapping[str, object] = owner.limiter or {}
    return str(found.get("line") or found.get("text") or found.get("name") or "")


def limiters(call: LoadCall) -> list[str]:
    """What limited each variant, as far as it is known; of a ramp at its highest load."""
    variants = [variant for run in call.runs[-1:] for variant in run.variants]
    named = {variant.name: limiter(variant) for variant in variants}
    return [
        f"{name} is limited by {text}" if len(named) > 1 else f"limited by {text}"
        for name, text in named.items()
        if text
    ]


def limiter_names(call: LoadCall) -> str:
    """The same without its numbers: "server cpu", "pooled: row locks; unpooled: connection set-up"."""
    variants = [variant for run in call.runs[-1:] for variant in run.variants]
    named = {each.name: str(each.limiter.get("name", "")) for each in variants if each.limiter}
    if len(set(named.values())) == 1:
        return next(iter(named.values()))
    return "; ".join(f"{name}: {text}" for name, text in named.items() if text)


def state(test: Test) -> str:
    """What became of a test: its verdict, or without one what pytest says."""
    return test.verdict or test.outcome
