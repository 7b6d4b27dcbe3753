"""What the self-check found, and what it means. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt

from pytest_asyncbench.errors import AsyncBenchError
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.launch_spread import spread
from pytest_asyncbench.metrics import metric
from pytest_asyncbench.units import show_count
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.power import smallest_found

ROUNDS = (8, 18, 30)
QUIET, NOISY = 0.05, 0.10
"""Noise of a slot up to which differences of a tenth are found in few rounds, and above which they hardly are."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Of one metric: standard deviations of the logarithm of a slot's value, and between launches."""

    metric: str
    slot: float
    launch: float
    launches: int


def noise_of(name: str, launches: list[Evidence], a: str, b: str) -> Noise:
    """The noise seen in the rounds of some launches of two equal servers.

    A round's log ratio holds the noise of two slots, and that of two launches. Raises UnknownValue, ValueError.
    """
    logs = [_logs(name, evidence, a, b) for evidence in launches]
    found = spread(logs)
    return Noise(name, found.within / sqrt(2), found.between / sqrt(2), len(logs))


def _logs(name: str, evidence: Evidence, a: str, b: str) -> list[float]:
    read = metric(name).read
    pairs = zip(evidence.data(a), evidence.data(b), strict=True)
    return [log(read(above) / read(below)) for above, below in pairs]


def report(found: list[Noise], ceiling: float, seconds: float, allowance: float, effort: Effort) -> list[str]:
    """The figures in words; `seconds` is what a round took, `ceiling` what the load agents can send per second."""
    lines = []
    for noise in found:
        lines.append(
            f"{noise.metric}: slots differ by {noise.slot:.1%}, launches by about {noise.launch:.1%} "
            f"(standard deviations; {noise.launches} launches give a rough figure)"
        )
        smallest = (
            f"{smallest_found(sqrt(2) * noise.slot, n, effort) - 1:.1%} in {n} rounds ({n * seconds:.0f} s)"
            for n in ROUNDS
        )
        lines.append(f"  smallest difference that four runs out of five find: {', '.join(smallest)}")
    lines.append(f"load agents: up to about {show_count(ceiling)} small requests per second")
    return [*lines, _advice(found[0], allowance)]


def _advice(rps: Noise, allowance: float) -> str:
    if 3 * rps.launch > allowance - 1 and rps.launch > rps.slot:  # else it may be noise
        wider = f"--asyncbench-launch-allowance={3 * rps.launch:.0%}"
        launches = f"; launches may differ by more than the allowance: {wider}"
    else:
        launches = ""
    if rps.slot <= QUIET:
        return f"this machine is quiet: differences of a tenth are found in 8 to 18 rounds{launches}"
    if rps.slot <= NOISY:
        return (
            f"this machine is fairly noisy: claim differences of a fifth, or judge cpu_per_request{launches}"
        )
    return (
        "this machine is very noisy: stop what else runs on it, judge cpu_per_request or what is counted, or claim "
        f"large differences{launches}"
    )


def complaints(launches: list[Evidence]) -> list[str]:
    """What is wrong with the machine or the measurement, in words."""
    texts = [text for evidence in launches for text in (*evidence.complaints, evidence.unrest)]
    return list(dict.fromkeys(text for text in texts if text))


def known(names: tuple[str, ...], launches: list[Evidence], a: str, b: str) -> list[Noise]:
    """The noise of those metrics that can be known here."""
    found = []
    for name in names:
        try:
            found.append(noise_of(name, launches, a, b))
        except (AsyncBenchError, ValueError, ZeroDivisionError):
            continue
    return found
