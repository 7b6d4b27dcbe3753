"""Two reports against each other: what changed from one session to the other, as far as that can be said. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from pytest_asyncbench.report.document import LoadCall, MetricInfo, Report, Run, Variant
from pytest_asyncbench.report.environment import differences
from pytest_asyncbench.report.lines import shown
from pytest_asyncbench.verdict.kept import SESSIONS, centre_of, finished

EACH = 0.975
"""Two intervals that are both right in 95 %."""
NOT_INTERLEAVED = (
    "The two runs were not interleaved: what a session as a whole may differ by "
    f"({(SESSIONS - 1) * 100:.0f} %) is not called a change."
)


@dataclass(frozen=True, slots=True)
class Change:
    """One metric of one variant then and now: both as text, now over then with an interval (None: none), and in a word
    what that means: better, worse, same, "not clear", "not judged"."""

    test: str
    call: str
    variant: str
    metric: str
    then: str
    now: str
    ratio: float | None
    low: float | None
    high: float | None
    word: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """All changes, what differs between the machines, and what is in one report only."""

    changes: tuple[Change, ...]
    machines: tuple[str, ...]
    notices: tuple[str, ...]


def compared(then: Report, now: Report) -> Comparison:
    """Every load call that both reports have, and that sent the same."""
    machines = tuple(differences(then.environment.machine, now.environment.machine))
    before, after = _runs(then), _runs(now)
    changes: list[Change] = []
    notices: list[str] = []
    infos = {info.name: info for info in now.metrics}
    for key in dict.fromkeys([*before, *after]):
        told = f"{key[0]}: {key[1]}"
        if key not in before or key not in after:
            notices.append(f"only in {'B' if key in after else 'A'}: {told}")
        elif _sent(before[key]) != _sent(after[key]):
            notices.append(f"another plan, not compared: {told}")
        else:
            changes += _changes(key, before[key], after[key], infos, bool(machines))
    return Comparison(tuple(changes), machines, tuple(notices))


def _runs(report: Report) -> dict[tuple[str, str, int], Run]:
    """Every run by test, name, and how many of that name were before it in its test."""
    found: dict[tuple[str, str, int], Run] = {}
    for test, call in report.load_calls:
        for run in _of(call):
            number = next(n for n in count() if (test.nodeid, run.name, n) not in found)
            found[test.nodeid, run.name, number] = run
    return found


def _of(call: LoadCall) -> tuple[Run, ...]:
    """The runs; a ramp is read as a whole, not plateau by plateau."""
    return call.runs if call.ramp is None else ()


def _sent(run: Run) -> tuple[object, ...]:
    plan = run.plan
    return (plan.requests, plan.users, plan.rate, plan.arrivals, plan.think_time, plan.keepalive, plan.expect)


def _changes(
    key: tuple[str, str, int], then: Run, now: Run, infos: dict[str, MetricInfo], other_machine: bool
) -> Iterator[Change]:
    before = {variant.name: variant for variant in then.variants}
    for variant in now.variants:
        if variant.name not in before:
            continue
        for name, info in infos.items():
            if info.kind == "shown" or shown(variant, name) == shown(before[variant.name], name) == "-":
                continue
            yield _change(key, before[variant.name], variant, info, other_machine)


def _change(
    key: tuple[str, str, int], then: Variant, now: Variant, info: MetricInfo, other_machine: bool
) -> Change:
    told = (key[0], key[1], now.name, info.name, shown(then, info.name), shown(now, info.name))
    if info.kind == "counted":
        return Change(*told, *_exact(then, now, info))
    ratio, low, high = _ratio(then.data.get(info.name, ()), now.data.get(info.name, ()))
    word = "not judged" if other_machine else _word(low, high, info.more_is_better)
    return Change(*told, ratio, low, high, word)


def _exact(then: Variant, now: Variant, info: MetricInfo) -> tuple[float | None, None, None, str]:
    a, b = (each.figures[info.name].value if info.name in each.figures else None for each in (then, now))
    if a is None or b is None:
        return None, None, None, "not judged"
    word = "same" if a == b else "better" if (b > a) == info.more_is_better else "worse"
    return (b / a if a else None), None, None, word


def _ratio(
    then: tuple[float | None, ...], now: tuple[float | None, ...]
) -> tuple[float | None, float | None, float | None]:
    a, b = ([value for value in values if value] for values in (then, now))
    if not a or not b or len(a) < len(then) or len(b) < len(now):
        return None, None, None
    ratio = centre_of(b) / centre_of(a)
    before, after = finished(a, EACH), finished(b, EACH)
    if before is None or after is None or not (before.low and before.high and after.low and after.high):
        return ratio, None, None
    return ratio, after.low / before.high, after.high / before.low


def _word(low: float | None, high: float | None, more_is_better: bool) -> str:
    if low is None or high is None:
        return "not clear"
    if low > SESSIONS:
        return "better" if more_is_better else "worse"
    if high < 1 / SESSIONS:
        return "worse" if more_is_better else "better"
    return "same" if low > 1 / SESSIONS and high < SESSIONS else "not clear"
