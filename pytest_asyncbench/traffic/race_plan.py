"""What `load.race` asks for, checked: the load, the metric that decides, and by how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.metrics import METRICS, metric
from pytest_asyncbench.traffic.load_plan import LoadPlan, load_plan
from pytest_asyncbench.traffic.requests import request
from pytest_asyncbench.traffic.sent import Sent, of_flow, sent
from pytest_asyncbench.units import factor

RACE_WORDS = ("metric", "by")
"""Keywords of `load.race` beside those of every load call."""
UNWANTED = ("duration",)


@dataclass(frozen=True, slots=True)
class RacePlan:
    """A race of all variants of a test under one load, for the best `metric`.

    A variant that is worse than another one by more than the factor `by` is dropped; None: by more than launches of
    one server may differ.
    """

    load: LoadPlan
    metric: str = "rps"
    by: float | None = None

    def margin(self, allowance: float) -> float:
        """The factor by which a variant must be worse to be dropped, where launches may differ by `allowance`.

        Raises SpecError for one that is smaller than that.
        """
        if self.by is None:
            return allowance
        if self.by < allowance:
            raise SpecError(
                f"load.race(by='{(self.by - 1) * 100:.4g}%'): launches of one server may differ by "
                f"{(allowance - 1) * 100:.4g} %, so less says nothing about a variant; if they differ by less on this "
                "machine (benchmarks/launches.py measures it), say so: --asyncbench-launch-allowance"
            )
        return self.by


def race_plan(
    call: str, what: Sent, words: Mapping[str, Any], own: Mapping[str, Any], defaults: Mapping[str, Any]
) -> RacePlan:
    """A checked plan from the words of a `load.race` call, over `defaults` (the options); `own` are `RACE_WORDS`.

    Raises SpecError for a value that cannot be meant.
    """
    for word in UNWANTED:
        if words.get(word) is not None:
            raise SpecError(
                f"{call}: a race has no {word}: it measures a variant until it is dropped; "
                "limit it by rounds= and max_time="
            )
    kept = {word: value for word, value in defaults.items() if word not in UNWANTED}
    load = load_plan(call, what.requests, what.words(call, words), kept)
    name = _metric(call, own.get("metric", "rps"), load)
    by = None if own.get("by") is None else factor(own["by"], f"{call}: by")
    return RacePlan(replace(load, weights=what.weights), name, by)


def of_race(call: str, given: Any, for_request: Mapping[str, Any]) -> Sent:
    """What is sent to every variant. Raises SpecError for requests that are each sent once."""
    if isinstance(given, str):
        return Sent((request("GET", given, **for_request),))
    if callable(given):
        return of_flow(call, given, for_request)
    what = sent(given, for_request, call)
    if what.stream is not None:
        raise SpecError(
            f"{call}: an iterator ends, and how long a race takes is not known; "
            "write request(..., json=function) for requests that differ"
        )
    return what


def _metric(call: str, name: object, load: LoadPlan) -> str:
    found = metric(str(name))
    if found.kind != "sampled":
        sampled = ", ".join(entry.name for entry in METRICS.values() if entry.kind == "sampled")
        raise SpecError(f"{call}: metric={name!r} ranks nothing; there are {sampled}")
    if load.rate is not None and found.name == "rps":
        raise SpecError(
            f"{call}: with rate= every variant that keeps up has the same rps, the one that was planned; "
            "race for metric='mean' or 'p95', or give users="
        )
    if load.rate is None and found.name == "service_time":
        raise SpecError(f"{call}: service_time is a metric of an open loop; give rate=")
    return found.name
