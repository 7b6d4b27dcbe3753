"""The registry of metrics. A new metric is one entry here: budgets, orderings and reports know it from then on.

`read` turns a datum (the slots of one variant that belong together) into one number in base units: seconds,
bytes, requests per second, shares. `count` reads what was counted beside the slots, exactly; such a metric has nothing
in its slots. Both raise UnknownValue with the reason where the number cannot be known.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pytest_asyncbench.errors import SpecError, UnknownValue
from pytest_asyncbench.measure import percentiles
from pytest_asyncbench.measure.counts import NO_DATABASE, Counts
from pytest_asyncbench.measure.slot import Datum
from pytest_asyncbench.measure.watching import SlotCounters
from pytest_asyncbench.units import seconds, share, show_count, show_seconds, show_share

Kind = Literal["sampled", "counted", "shown"]
"""sampled: differs from slot to slot and is judged by the signed-rank rule. counted: an exact number over all
measured slots, compared as it is. shown: reported, never judged (a maximum over everything has no interval)."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name, unit, direction, source, and how it is read, written and shown."""

    name: str
    unit: str
    more_is_better: bool
    kind: Kind
    source: str
    read: Callable[[Datum], float]
    parse: Callable[[object, str], float]
    show: Callable[[float], str]
    percentile: float | None = None
    count: Callable[[Counts], float] | None = None

    @property
    def is_exact(self) -> bool:
        """Whether it is counted on a fixed burst, so that no timed slot is needed."""
        return self.count is not None

    @property
    def needed_answers(self) -> int:
        """Answers that one datum must hold: ten beyond the percentile."""
        return percentiles.needed_answers(self.percentile) if self.percentile else 1


def metric(name: str) -> Metric:
    """The metric of that name. Raises SpecError that lists the valid ones."""
    if name not in METRICS:
        raise SpecError(f"no metric {name!r}; there are {', '.join(METRICS)}")
    return METRICS[name]


def _latency(
    name: str,
    source: str,
    read: Callable[[Datum], float],
    percentile: float | None = None,
    kind: Kind = "sampled",
) -> Metric:
    return Metric(name, "s", False, kind, source, read, seconds, show_seconds, percentile)


def _percentile(name: str, share: float) -> Metric:
    def read(datum: Datum) -> float:
        return percentiles.percentile([slot.samples for slot in datum], share)

    return _latency(
        name,
        f"nearest-rank percentile {share * 100:g} of the latencies; failed requests are infinitely slow",
        read,
        share,
    )


def _rps(datum: Datum) -> float:
    return percentiles.rps([slot.samples for slot in datum])


def _mean(datum: Datum) -> float:
    return percentiles.mean([slot.samples for slot in datum])


def _minimum(datum: Datum) -> float:
    return percentiles.minimum([slot.samples for slot in datum])


def _maximum(datum: Datum) -> float:
    return percentiles.maximum([slot.samples for slot in datum])


def _rewrk_p50(datum: Datum) -> float:
    return percentiles.rewrk_p50([slot.samples for slot in datum])


def _service_time(datum: Datum) -> float:
    return percentiles.service_time([slot.samples for slot in datum])


def _send_delay_p99(datum: Datum) -> float:
    return percentiles.send_delay([slot.samples for slot in datum], 0.99)


def _errors(datum: Datum) -> float:
    total = sum(slot.samples.number for slot in datum)
    if not total:
        raise UnknownValue("errors: not a single request was sent in the measured time")
    return percentiles.failures([slot.samples for slot in datum]) / total


def _cpu(datum: Datum) -> float:
    used = [slot.server_cpu for slot in datum]
    answers = sum(slot.samples.answers for slot in datum)
    if any(cpu is None for cpu in used):
        raise UnknownValue("cpu_per_request: the CPU time of this server's processes cannot be read")
    if not answers:
        raise UnknownValue("cpu_per_request: the server did not answer a single request")
    return sum(cpu for cpu in used if cpu is not None) / answers


def _memory(datum: Datum) -> float:
    known = [slot.memory for slot in datum if slot.memory is not None]
    if not known:
        raise UnknownValue("memory: the memory of this server's processes cannot be read")
    return max(known)


def _counters(name: str, datum: Datum) -> list[SlotCounters]:
    known = [slot.counters for slot in datum if slot.counters is not None]
    if not known or len(known) < len(datum):
        raise UnknownValue(f"{name}: the processes of this server cannot be looked at")
    return known


def _db_cpu(datum: Datum) -> float:
    databases = [each.database for each in _counters("db_cpu_per_request", datum)]
    if not all(databases):
        raise UnknownValue(f"db_cpu_per_request: {NO_DATABASE}")
    used = [database.cpu for database in databases if database is not None]
    if any(cpu is None for cpu in used):
        raise UnknownValue(
            "db_cpu_per_request: the PostgreSQL server is not ours, its processes cannot be read"
        )
    return sum(cpu for cpu in used if cpu is not None) / _answers("db_cpu_per_request", datum)


def _threads(datum: Datum) -> float:
    return _per_slot("threads", max(each.threads for each in _counters("threads", datum)))


def _switches(datum: Datum) -> float:
    name = "context_switches_per_request"
    switches = sum(each.switches for each in _counters(name, datum))
    return _per_slot(name, switches) / _answers(name, datum)


def _per_slot(name: str, number: int) -> float:
    if not number:
        raise UnknownValue(f"{name}: there is no /proc to read it from")
    return float(number)


def _answers(name: str, datum: Datum) -> int:
    if not (answers := sum(slot.samples.answers for slot in datum)):
        raise UnknownValue(f"{name}: the server did not answer a single request")
    return answers


def _beside_slots(datum: Datum) -> float:
    raise UnknownValue("it is counted on a burst, not in slots")


def _counted(name: str, source: str, count: Callable[[Counts], float]) -> Metric:
    return Metric(name, "", False, "counted", source, _beside_slots, _number, _show_number, count=count)


def _number(value: object, what: str) -> float:
    match = re.fullmatch(rf"\s*{_NUMBER}\s*", str(value))
    if not match or isinstance(value, bool):
        raise SpecError(f"{what}: {value!r} is no number; write 2 or 0.5")
    return float(match[1])


def _show_number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else show_count(value)


_NUMBER = r"(\d+(?:\.\d+)?(?:e[+-]?\d+)?)"


def _per_second(value: object, what: str) -> float:
    match = re.fullmatch(rf"\s*{_NUMBER}\s*(?:rps|/s)?\s*", str(value))
    if not match or float(match[1]) <= 0:
        raise SpecError(f"{what}: {value!r} is no number of requests per second; write 300")
    return float(match[1])


_BYTES = {"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 2**10, "mib": 2**20, "gib": 2**30}


def _size(value: object, what: str) -> float:
    match = re.fullmatch(rf"\s*{_NUMBER}\s*([kmg]?i?b?)\s*", str(value).lower())
    if not match or match[2] not in _BYTES:
        raise SpecError(f"{what}: {value!r} is no size; write '250 MB' or a number of bytes")
    return float(match[1]) * _BYTES[match[2]]


def _show_size(value: float) -> str:
    return f"{show_count(value / 1e6)} MB"


METRICS: dict[str, Metric] = {
    entry.name: entry
    for entry in (
        Metric(
            "rps",
            "1/s",
            True,
            "sampled",
            "users x share ok / mean cycle; in an open loop, ok answers to the starts in the window / window",
            _rps,
            _per_second,
            show_count,
        ),
        _latency("mean", "mean latency of the requests answered ok", _mean),
        _percentile("p50", 0.50),
        _percentile("p95", 0.95),
        _percentile("p99", 0.99),
        _latency("min", "the fastest ok answer", _minimum, kind="shown"),
        _latency("max", "the slowest ok answer", _maximum, kind="shown"),
        _latency("rewrk_p50", "mean of the slowest half: what rewrk prints as 50%", _rewrk_p50),
        _latency(
            "service_time", "mean time from the actual send to the ok answer, of an open loop", _service_time
        ),
        _latency(
            "send_delay_p99",
            "99th percentile of actual minus intended start, of an open loop: the generator's health",
            _send_delay_p99,
            kind="shown",
        ),
        Metric(
            "errors",
            "",
            False,
            "counted",
            "share of requests that are not ok",
            _errors,
            share,
            show_share,
        ),
        _latency("cpu_per_request", "CPU time of the server's process tree per answer", _cpu),
        Metric(
            "memory",
            "B",
            False,
            "sampled",
            "proportional set size of the server's process tree",
            _memory,
            _size,
            _show_size,
        ),
        _counted(
            "queries_per_request",
            "queries per request of a fixed burst, without transaction control and connecting",
            Counts.queries_per_request,
        ),
        _counted(
            "rows_per_request",
            "rows that the queries of a fixed burst gave or changed, per request",
            Counts.rows_per_request,
        ),
        _counted(
            "rows_read_per_request",
            "rows that PostgreSQL read for a fixed burst, those of its catalogue included, per request",
            Counts.rows_read_per_request,
        ),
        _counted(
            "connections_per_request",
            "new database connections of a fixed burst, per request",
            Counts.connections_per_request,
        ),
        _counted("connections_max", "most database connections at once", Counts.most_connections),
        _counted("deadlocks", "deadlocks in the database during the whole load call", Counts.all_deadlocks),
        _latency("db_cpu_per_request", "CPU time of PostgreSQL's processes per answer", _db_cpu),
        Metric(
            "threads",
            "",
            False,
            "sampled",
            "threads of the server's process tree",
            _threads,
            _number,
            _show_number,
        ),
        Metric(
            "context_switches_per_request",
            "",
            False,
            "sampled",
            "how often threads of the server's process tree got a CPU, per answer",
            _switches,
            _number,
            show_count,
        ),
    )
}

OF_THE_SERVER = (
    "cpu_per_request",
    "memory",
    "db_cpu_per_request",
    "threads",
    "context_switches_per_request",
    *(entry.name for entry in METRICS.values() if entry.is_exact),
)
"""Metrics that a server has as a whole: there is none of a single request of a mix."""
