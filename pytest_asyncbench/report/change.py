"""One value then and now: the ratio, and in a word what that means. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_asyncbench.report.document import MetricInfo, Plan, Variant
from pytest_asyncbench.report.lines import shown
from pytest_asyncbench.verdict.kept import SESSIONS, centre_of, finished

EACH = 0.975
"""Two intervals that are both right in 95 %."""


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


def change(
    key: tuple[str, str], then: Variant, now: Variant, info: MetricInfo, other_machine: bool
) -> Change:
    """What became of one metric; `key` is test and load call."""
    told = (key[0], key[1], now.name, info.name, shown(then, info.name), shown(now, info.name))
    if info.kind == "counted":
        return Change(*told, *_exact(then, now, info))
    ratio, low, high = _ratio(then.data.get(info.name, ()), now.data.get(info.name, ()))
    word = "not judged" if other_machine else word_of(low, high, info.more_is_better)
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


def word_of(low: float | None, high: float | None, more_is_better: bool) -> str:
    """What an interval of now over then means, beyond what two sessions may differ by."""
    if low is None or high is None:
        return "not clear"
    if low > SESSIONS:
        return "better" if more_is_better else "worse"
    if high < 1 / SESSIONS:
        return "worse" if more_is_better else "better"
    return "same" if low > 1 / SESSIONS and high < SESSIONS else "not clear"


def plan_of(plan: Plan) -> tuple[object, ...]:
    """What must be equal in two plans, so that the same was sent."""
    return (plan.requests, plan.users, plan.rate, plan.arrivals, plan.think_time, plan.keepalive, plan.expect)
