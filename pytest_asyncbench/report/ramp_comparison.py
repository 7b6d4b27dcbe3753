"""Two ramps against each other: plateau by plateau where both had the same load, and what each has found. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from pytest_asyncbench.report.change import Change, change, plan_of, word_of
from pytest_asyncbench.report.document import Found, LoadCall, MetricInfo, Ramp, Run
from pytest_asyncbench.report.lines import FIRST, UNKNOWN

FOUND: Mapping[str, Callable[[Ramp], Found]] = {
    "knee": lambda ramp: ramp.knee,
    "slo_limit": lambda ramp: ramp.slo_limit,
    "cliff": lambda ramp: ramp.cliff,
}
"""What a ramp finds: of each, more is better."""
ANYWHERE = "the ramp"


def alike(then: LoadCall, now: LoadCall) -> bool:
    """Whether two ramps sent the same, however high they climbed."""
    a, b = (call.ramp.by if call.ramp else "" for call in (then, now))
    return a == b and _sent(then) == _sent(now)


def compared_ramps(
    test: str, then: LoadCall, now: LoadCall, infos: Mapping[str, MetricInfo], other_machine: bool
) -> Iterator[Change]:
    """What changed at each load that both had, and in what was found."""
    before = _plateaus(then)
    for load, run in _plateaus(now).items():
        if load not in before:
            continue
        for info in [infos[name] for name in FIRST if name in infos]:
            told = change((test, now.name), before[load].variants[0], run.variants[0], info, other_machine)
            if not told.then == told.now == UNKNOWN:
                yield replace(told, variant=_at(now, load))
    for name, of in FOUND.items():
        if then.ramp and now.ramp:
            yield _found((test, now.name), name, of(then.ramp), of(now.ramp), other_machine)


def only_in_one(then: LoadCall, now: LoadCall) -> list[str]:
    """The loads that only one of them had, in words."""
    a, b = _plateaus(then), _plateaus(now)
    sides = (("A", then, sorted(a.keys() - b.keys())), ("B", now, sorted(b.keys() - a.keys())))
    return [
        f"only in {where}: {call.name} {', '.join(_at(call, load) for load in loads)}"
        for where, call, loads in sides
        if loads
    ]


def _found(key: tuple[str, str], name: str, then: Found, now: Found, other_machine: bool) -> Change:
    ratio = now.value / then.value if then.value and now.value is not None else None
    low = high = None
    if ratio is not None and then.low and then.high and now.low is not None and now.high is not None:
        low, high = now.low / then.high, now.high / then.low
    word = "not judged" if other_machine or ratio is None else word_of(low, high, more_is_better=True)
    return Change(*key, ANYWHERE, name, then.shown, now.shown, ratio, low, high, word)


def _plateaus(call: LoadCall) -> dict[float, Run]:
    return dict(zip(call.ramp.loads, call.runs, strict=True)) if call.ramp and call.runs else {}


def _at(call: LoadCall, load: float) -> str:
    """ "at 64 users", "at 100 1/s"."""
    return f"at {load:g} {call.ramp.unit if call.ramp else ''}".rstrip()


def _sent(call: LoadCall) -> tuple[object, ...]:
    return plan_of(replace(call.runs[0].plan, users=None, rate=None)) if call.runs else ()
