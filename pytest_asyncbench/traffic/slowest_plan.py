"""What `load.slowest` asks for, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pytest_asyncbench.errors import MissingHypothesis, SpecError
from pytest_asyncbench.traffic.load_plan import WORDS, LoadPlan, load_plan
from pytest_asyncbench.traffic.requests import KEYWORDS
from pytest_asyncbench.units import seconds

if TYPE_CHECKING:
    from pytest_asyncbench.hunt.drawing import Drawing

SLOWEST_WORDS = ("limit", "max_examples", "max_requests", "method")
"""Keywords of `load.slowest` beside those of the request and `SHARED`."""
SHARED = ("timeout", "expect", "verify", "keepalive", "max_time", "name")
"""Keywords of every load call that it has, too."""

EXAMPLES = 200
EXAMPLES_IN_GIVEN = 20
"""Inside @given a hunt is one of many."""
REQUESTS_PER_EXAMPLE = 20
MAX_TIME = 60.0
"""Seconds; `--asyncbench-max-time` can only make it shorter."""
PATIENCE = 0.1
"""Share of `max_time` that is waited for a single answer at most."""


@dataclass(frozen=True, slots=True)
class SlowestPlan:
    """One hunt: what is drawn, and within which bounds. `load` is the load call around it, as yet without requests."""

    drawing: Drawing
    load: LoadPlan
    label: str
    limit: float | None
    max_examples: int
    max_requests: int

    @property
    def patience(self) -> float:
        """Seconds that are waited for a single answer."""
        return min(self.load.timeout, max(PATIENCE * self.load.max_time, 0.001))


def slowest_plan(
    call: str, what: Any, keywords: Mapping[str, Any], defaults: Mapping[str, Any], *, in_given: bool = False
) -> SlowestPlan:
    """A checked plan. Raises SpecError for what cannot be meant, MissingHypothesis without Hypothesis."""
    if find_spec("hypothesis") is None:
        raise MissingHypothesis(
            f"{call} searches with Hypothesis, which is not installed: pip install 'pytest-asyncbench[slowest]'"
        )
    from pytest_asyncbench.hunt.drawing import Drawing

    _require_known(call, keywords)
    words = {word: value for word, value in keywords.items() if word in KEYWORDS}
    drawing = Drawing(call, what, keywords.get("method"), words)
    longest = min(MAX_TIME, defaults.get("max_time") or MAX_TIME)
    shared = {
        "max_time": longest,
        **{word: keywords[word] for word in SHARED if keywords.get(word) is not None},
    }
    usual = EXAMPLES_IN_GIVEN if in_given else EXAMPLES
    examples = _number(call, "max_examples", keywords.get("max_examples"), usual)
    limit = keywords.get("limit")
    return SlowestPlan(
        drawing,
        load_plan(call, (), shared, {}),
        label=what if isinstance(what, str) else "a request",
        limit=None if limit is None else _limit(call, limit),
        max_examples=examples,
        max_requests=_number(
            call, "max_requests", keywords.get("max_requests"), REQUESTS_PER_EXAMPLE * examples
        ),
    )


def _require_known(call: str, keywords: Mapping[str, Any]) -> None:
    own = (*SLOWEST_WORDS, *SHARED)
    for word in keywords:
        if word in WORDS and word not in SHARED:
            raise SpecError(
                f"{call} has no {word}: it sends one request at a time, until it has found the slowest; put that one "
                "under load with load.send(found.request, ...)"
            )
        if word not in KEYWORDS and word not in own:
            raise SpecError(
                f"{call} has no keyword {word!r}; it has {', '.join(own)}, and of the request {', '.join(KEYWORDS)}"
            )


def _number(call: str, word: str, value: object, usual: int) -> int:
    if value is None:
        return usual
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SpecError(f"{call}: {word}={value!r}: it is a whole number from 1 up")
    return value


def _limit(call: str, value: object) -> float:
    limit = seconds(value, f"{call}: limit")
    if limit <= 0:
        raise SpecError(f"{call}: limit={value!r}: no answer takes less; write '250ms'")
    return limit
