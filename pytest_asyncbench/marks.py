"""Markers -> frozen statements and specs. Pure; raises SpecError for what cannot be meant."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.metrics import METRICS, Metric, metric
from pytest_asyncbench.servers.spec import ServerSpec
from pytest_asyncbench.traffic.load_plan import DIFFERENCES
from pytest_asyncbench.units import factor
from pytest_asyncbench.verdict.statements import (
    Budget,
    NoRegression,
    Ordering,
    Refused,
    SinceBaseline,
    Statement,
    Tie,
)

BUILT_IN = Budget("errors", 0.001, at_least=False)
"""One request in a thousand may be not ok, unless a budget says otherwise."""
DEFAULT_BY = 1.05
"""What an ordering claims without `by`: more than 5 % better."""
DEFAULT_WITHIN = 1.1
"""What a tie and a guard against regressions allow without `within`."""
CONNECTIONS = "connections"
"""The reason for which servers are refused that need more connections than PostgreSQL has."""


class Mark(NamedTuple):
    """A marker as it stands at a test, its class or its module: `level` tells them apart (0 is the closest)."""

    name: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    level: int


@dataclass(frozen=True, slots=True)
class DatabaseMark:
    """What `@pytest.mark.database(load=[...], settings={...})` asks for."""

    load: tuple[Any, ...] | None
    settings: tuple[tuple[str, object], ...]


def variants(marks: Sequence[Mark]) -> dict[str, ServerSpec]:
    """The named specs of a test: those of its closest `variants` or `server` marker; empty if it has none."""
    near = [mark for mark in marks if mark.name in ("server", "variants")]
    for _, level in groupby(near, key=lambda mark: mark.level):
        found = list(level)
        if {mark.name for mark in found} == {"server", "variants"}:
            raise SpecError("server and variants at one level: a test has one server, or several named ones")
        return _server(found[0]) if found[0].name == "server" else _variants(found[0])
    return {}


def database(marks: Sequence[Mark]) -> DatabaseMark | None:
    """What the closest `database` marker asks for; None without one."""
    mark = next((mark for mark in marks if mark.name == "database"), None)
    if mark is None:
        return None
    _only(mark, ("load", "settings"), positional=0)
    load, settings = mark.kwargs.get("load"), mark.kwargs.get("settings") or {}
    if load is not None and (isinstance(load, str | bytes) or not isinstance(load, Sequence)):
        raise SpecError(f"database(load={load!r}): write a list, e.g. load=['schema.sql']")
    if not isinstance(settings, Mapping):
        raise SpecError(
            f"database(settings={settings!r}): write a mapping, e.g. settings={{'max_connections': 300}}"
        )
    return DatabaseMark(tuple(load) if load is not None else None, tuple(sorted(settings.items())))


def statements(marks: Sequence[Mark], names: Collection[str] | None) -> tuple[Statement, ...]:
    """Everything that a test states about its variants `names`, the built-in limit of errors included.

    `names` None: they are not known yet, because the test names requests in `load.compare`.
    Budgets merge by metric and run, the closest wins; the others add up.
    """
    comparisons = [_COMPARISONS[mark.name](mark, names) for mark in marks if mark.name in _COMPARISONS]
    budgets: dict[tuple[str, str | None], Budget] = {}
    for mark in marks:
        if mark.name == "budget":
            for budget in _budgets(mark):
                budgets.setdefault((budget.metric, budget.run), budget)
    budgets.setdefault(("errors", None), BUILT_IN)
    return (*comparisons, *budgets.values())


def holding(stated: Sequence[Statement], run: str | None) -> list[Statement]:
    """Those statements that hold for a load call of this name; its own limit of errors replaces the built-in one."""
    held = [statement for statement in stated if statement.run in (None, run)]
    own = any(
        isinstance(statement, Budget) and statement.metric == "errors" for statement in held if statement.run
    )
    return [statement for statement in held if not (own and is_built_in(statement))]


def is_built_in(statement: Statement) -> bool:
    """Whether nobody wrote this statement: every test is held to the limit of errors."""
    return statement is BUILT_IN


def _server(mark: Mark) -> dict[str, ServerSpec]:
    if len(mark.args) != 1 or mark.kwargs:
        raise SpecError("server(spec) takes one spec; several named ones are variants(a=spec1, b=spec2)")
    return {"server": _spec("server", mark.args[0])}


def _variants(mark: Mark) -> dict[str, ServerSpec]:
    if mark.args:
        raise SpecError("variants(...) takes names: variants(pooled=spec1, unpooled=spec2), or **grid(...)")
    if not mark.kwargs:
        raise SpecError("variants() names no variant")
    return {name: _spec(f"variants({name}=...)", spec) for name, spec in mark.kwargs.items()}


def _spec(where: str, spec: object) -> ServerSpec:
    if not isinstance(spec, ServerSpec):
        raise SpecError(
            f"{where}: {spec!r} is no server spec; write e.g. granian('app:wsgi', interface='wsgi')"
        )
    return spec


def _ordering(mark: Mark, names: Collection[str] | None) -> Ordering:
    _only(mark, ("metric", "by", "run"), positional=None)
    order = tuple(mark.args)
    if len(order) < 2 or len(set(map(str, order))) < len(order):
        raise SpecError(f"ordering{order!r}: name two or more different variants, the best first")
    _require_variants("ordering", order, names)
    judged = _sampled("ordering", mark.kwargs.get("metric", "rps"))
    by = factor(mark.kwargs["by"], "ordering(by=...)") if "by" in mark.kwargs else DEFAULT_BY
    return Ordering(order, judged.name, by, run=mark.kwargs.get("run"))


def _tie(mark: Mark, names: Collection[str] | None) -> Tie:
    _only(mark, ("metric", "within", "run"), positional=None)
    a, b = _two_variants(mark, names)
    return Tie(
        a,
        b,
        _sampled("tie", mark.kwargs.get("metric", "rps")).name,
        _within(mark),
        run=mark.kwargs.get("run"),
    )


def _no_regression(mark: Mark, names: Collection[str] | None) -> NoRegression | SinceBaseline:
    _only(mark, ("metric", "within", "run"), positional=None)
    if not mark.args:
        return _since_baseline(mark)
    new, old = _two_variants(mark, names)
    judged = _sampled("no_regression", mark.kwargs.get("metric", "rps"))
    return NoRegression(new, old, judged.name, _within(mark), run=mark.kwargs.get("run"))


def _since_baseline(mark: Mark) -> SinceBaseline:
    """Without names: every variant against itself in the baseline. What is counted can be compared, too."""
    judged = metric(str(mark.kwargs.get("metric", "rps")))
    if judged.kind == "shown":
        raise SpecError(
            f"no_regression(metric={judged.name!r}): {judged.name} is shown, never judged; "
            f"there are {_names('sampled', 'counted')}"
        )
    return SinceBaseline(judged.name, _within(mark), run=mark.kwargs.get("run"))


def _refused(mark: Mark, names: Collection[str] | None) -> Refused:
    _only(mark, ("run",), positional=None)
    known = (*DIFFERENCES, CONNECTIONS)
    if not mark.args or (unknown := [name for name in mark.args if name not in known]):
        said = f"no reason {unknown[0]!r}" if mark.args else "say for which reason"
        raise SpecError(f"refused{mark.args!r}: {said}; there are {', '.join(known)}")
    if names is not None and len(names) < 2 and set(mark.args) != {CONNECTIONS}:
        raise SpecError(
            f"refused{mark.args!r}: what differs takes two variants; add @pytest.mark.variants(...)"
        )
    return Refused(mark.args, run=mark.kwargs.get("run"))


_COMPARISONS: Mapping[str, Callable[[Mark, Collection[str] | None], Statement]] = {
    "ordering": _ordering,
    "tie": _tie,
    "no_regression": _no_regression,
    "refused": _refused,
}


def _two_variants(mark: Mark, names: Collection[str] | None) -> tuple[str, str]:
    if len(mark.args) != 2 or mark.args[0] == mark.args[1]:
        raise SpecError(f"{mark.name}{mark.args!r}: name two different variants")
    _require_variants(mark.name, mark.args, names)
    return mark.args[0], mark.args[1]


def _within(mark: Mark) -> float:
    if "within" not in mark.kwargs:
        return DEFAULT_WITHIN
    within = factor(mark.kwargs["within"], f"{mark.name}(within=...)")
    if within == 1:
        raise SpecError(
            f"{mark.name}(within={mark.kwargs['within']!r}): nothing measured is exactly equal; write e.g. '10%'"
        )
    return within


def _budgets(mark: Mark) -> list[Budget]:
    limits = {name: limit for name, limit in mark.kwargs.items() if name != "run"}
    if mark.args or not limits:
        raise SpecError("budget(...) takes metrics: budget(rps=300, p95='250ms', errors='0.1%')")
    return [_budget(metric(name), limit, mark.kwargs.get("run")) for name, limit in limits.items()]


def _budget(judged: Metric, limit: object, run: str | None) -> Budget:
    what = f"budget({judged.name}=...)"
    if judged.kind == "shown":
        raise SpecError(
            f"{what}: {judged.name} is shown, never judged; judge one of {_names('sampled', 'counted')}"
        )
    at_least, bare = judged.more_is_better, limit
    if isinstance(limit, str) and limit.lstrip()[:2] in (">=", "<="):
        at_least, bare = limit.lstrip().startswith(">="), limit.lstrip()[2:].strip()
    value = judged.parse(bare, what)
    if value <= 0 and judged.kind == "sampled":
        raise SpecError(f"{what}: {limit!r} cannot be a limit; it must be above zero")
    return Budget(judged.name, value, at_least=at_least, run=run)


def _sampled(where: str, name: object) -> Metric:
    judged = metric(str(name))
    if judged.kind != "sampled":
        raise SpecError(f"{where}(metric={name!r}): {name} cannot be ordered; there are {_names('sampled')}")
    return judged


def _names(*kinds: str) -> str:
    return ", ".join(entry.name for entry in METRICS.values() if entry.kind in kinds)


def _require_variants(where: str, used: Sequence[str], names: Collection[str] | None) -> None:
    for name in used:
        if names is not None and name not in names:
            known = (
                f"the variants are {', '.join(names)}"
                if names
                else "the test has no variants; add @pytest.mark.variants(...)"
            )
            raise SpecError(f"{where}: no variant {name!r}; {known}")


def _only(mark: Mark, words: Sequence[str], positional: int | None) -> None:
    if unknown := sorted(set(mark.kwargs) - set(words)):
        raise SpecError(f"{mark.name}(...) has no word {unknown[0]!r}; it has {', '.join(words)}")
    if positional is not None and len(mark.args) > positional:
        raise SpecError(f"{mark.name}(...) takes keywords only: {', '.join(words)}")
