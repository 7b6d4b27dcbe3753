"""Statistics of the requests of one or more slots: exact, over raw samples.

Every function takes slots that belong together and merges them by their samples; percentiles are never averaged.
Results are in seconds, or requests per second. UnknownValue, with the reason, is raised where there is nothing to
compute from.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from pytest_asyncbench.errors import UnknownValue
from pytest_asyncbench.measure.kaplan_meier import kaplan_meier
from pytest_asyncbench.traffic.outcomes import OUTCOMES
from pytest_asyncbench.traffic.samples import SlotResult

_OK = OUTCOMES.index("ok")
_CENSORED = OUTCOMES.index("censored")


def needed_answers(share: float) -> int:
    """How many answers the percentile at `share` (0.95 for p95) needs: ten beyond it."""
    return math.ceil(round(10 / (1 - share), 6))


def percentile(slots: Sequence[SlotResult], share: float) -> float:
    """Nearest-rank percentile of the latencies; a request that is not ok is infinitely slow.

    A censored request was slower than its age: with such ones it is the Kaplan-Meier estimate, which is the same where
    they cannot change it. Raises UnknownValue where that estimate does not reach the percentile, and when there are
    fewer requests than `needed_answers(share)`.
    """
    count = sum(len(slot.outcome) for slot in slots)
    if count < needed_answers(share):
        raise UnknownValue(f"p{share * 100:g} needs {needed_answers(share)} requests, and there are {count}")
    censored = list(_with_outcome(slots, _CENSORED))
    if not censored:
        return nearest_rank(sorted(_latencies(slots)), share)
    value = kaplan_meier(_latencies(slots, leave_out=_CENSORED), censored, share)
    if value is None:
        raise UnknownValue(
            f"p{share * 100:g} cannot be known: {len(censored)} of {count} requests were still unanswered when their "
            f"slot ended, after up to {max(censored):.3g} s"
        )
    return value


def nearest_rank(ordered: Sequence[float], share: float) -> float:
    """The smallest of the sorted values that at least `share` of them do not exceed."""
    return ordered[max(0, math.ceil(round(share * len(ordered), 9)) - 1)]


def rps(slots: Sequence[SlotResult]) -> float:
    """Requests answered ok per second, over the requests sent in `measure`.

    Closed loop: users x share ok / mean cycle; completions per window would be wrong by up to 100 % for slow
    endpoints. Users whom the server left without an answer throughout do nothing for the rate, and are not multiplied
    by the cycle of the others. Open loop: those answered ok of the starts in the window / window.
    """
    count = _sent(slots)
    if slots[0].rate:
        return sum(slot.outcome.count(_OK) for slot in slots) / math.fsum(slot.window for slot in slots)
    share_ok = sum(slot.outcome.count(_OK) for slot in slots) / count
    users = sum((slot.users - slot.starved) * len(slot.outcome) for slot in slots) / count
    return users * share_ok / mean_cycle(slots)


def served(slots: Sequence[SlotResult]) -> float:
    """How many requests of an open loop were answered ok per second, whenever they were started.

    `rps` follows the plan even where a server does not, because every start is answered in the end. This is the pace of
    the answers themselves: the middle 80 % of each slot's, over the time that they took to come.
    """
    counted, seconds = 0, 0.0
    for slot in slots:
        ends = sorted(
            sent + latency
            for sent, latency, outcome in zip(slot.sent, slot.latency, slot.outcome, strict=True)
            if outcome == _OK
        )
        first, last = len(ends) // 10, len(ends) - 1 - len(ends) // 10
        if last > first:
            counted += last - first
            seconds += ends[last] - ends[first]
    if not seconds:
        raise UnknownValue("too few requests were answered ok to say at what pace")
    return counted / seconds


def mean(slots: Sequence[SlotResult]) -> float:
    """Mean latency of the requests answered ok; the age of censored ones enters it (it is then too low)."""
    known = [*_ok(slots), *_with_outcome(slots, _CENSORED)]
    return math.fsum(known) / len(known)


def service_time(slots: Sequence[SlotResult]) -> float:
    """Mean time from the actual send to the answer, of the requests of an open loop that were answered ok."""
    times = [
        latency - delay
        for slot in slots
        for latency, delay, outcome in zip(slot.latency, _send_delay(slot), slot.outcome, strict=True)
        if outcome == _OK
    ]
    return math.fsum(times) / (len(times) or len(_ok(slots)))


def send_delay(slots: Sequence[SlotResult], share: float) -> float:
    """Nearest-rank percentile of what passed from the intended start of a request to the actual one; open loop."""
    delays = sorted(delay for slot in slots for delay in _send_delay(slot))
    if not delays:
        raise UnknownValue("send_delay: not a single request was to start in the measured time")
    return nearest_rank(delays, share)


def _send_delay(slot: SlotResult) -> Sequence[float]:
    if not slot.rate:
        raise UnknownValue(
            "a closed loop plans no starts that could be late; it is known of open loops (rate=)"
        )
    return slot.send_delay


def mean_cycle(slots: Sequence[SlotResult]) -> float:
    """Mean time from one send of a user to its next."""
    return math.fsum(math.fsum(slot.cycle) for slot in slots) / _sent(slots)


def minimum(slots: Sequence[SlotResult]) -> float:
    """Latency of the fastest ok answer."""
    return min(_ok(slots))


def maximum(slots: Sequence[SlotResult]) -> float:
    """Latency of the slowest ok answer."""
    return max(_ok(slots))


def rewrk_p50(slots: Sequence[SlotResult]) -> float:
    """Mean of the slowest half of the ok answers: what rewrk prints as 50 %. For comparison with its tables only."""
    ordered = sorted(_ok(slots))
    slowest = ordered[len(ordered) // 2 :]
    return math.fsum(slowest) / len(slowest)


def failures(slots: Sequence[SlotResult]) -> int:
    """How many requests are not ok."""
    return sum(len(slot.outcome) - slot.outcome.count(_OK) for slot in slots)


def _latencies(slots: Sequence[SlotResult], leave_out: int = -1) -> Iterable[float]:
    for slot in slots:
        if slot.outcome.count(_OK) == len(slot.outcome):
            yield from slot.latency
        else:
            yield from (
                latency if outcome == _OK else math.inf
                for latency, outcome in zip(slot.latency, slot.outcome, strict=True)
                if outcome != leave_out
            )


def _with_outcome(slots: Sequence[SlotResult], wanted: int) -> Iterable[float]:
    for slot in slots:
        count = slot.outcome.count(wanted)
        if count == len(slot.outcome):
            yield from slot.latency
        elif count:
            yield from (
                latency
                for latency, outcome in zip(slot.latency, slot.outcome, strict=True)
                if outcome == wanted
            )


def _sent(slots: Sequence[SlotResult]) -> int:
    count = sum(len(slot.outcome) for slot in slots)
    if not count:
        before = {outcome: n for slot in slots for outcome, n in slot.counts.get("settle", {}).items()}
        why = ", ".join(f"{n} {outcome}" for outcome, n in before.items()) or "none"
        raise UnknownValue(f"not a single request was sent in the measured time; those sent before it: {why}")
    return count


def _ok(slots: Sequence[SlotResult]) -> list[float]:
    """Latencies of the requests answered ok; raises UnknownValue if there are none."""
    latencies = list(_with_outcome(slots, _OK))
    if not latencies:
        raise UnknownValue(f"none of {sum(len(slot.outcome) for slot in slots)} requests was answered ok")
    return latencies
