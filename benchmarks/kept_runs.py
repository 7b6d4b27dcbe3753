"""How often a guard against a kept run decides, and how often wrongly: a simulation of sessions one after another.

    python benchmarks/kept_runs.py [runs]

Each session has a factor of its own (what the machine does to all of it) and each round another one, both lognormal.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from itertools import product
from math import exp

from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.kept import judge_since_kept
from pytest_asyncbench.verdict.statements import SinceKept

KEPT_ROUNDS = 12


def outcome(ratio: float, noise: float, session: float, within: float, coin: random.Random) -> str:
    """What one pair of sessions comes to, the second being `ratio` times as fast as the first."""

    def rounds(rate: float, number: int) -> list[float]:
        whole = rate * exp(coin.gauss(0, session))
        return [whole * exp(coin.gauss(0, noise)) for _ in range(number)]

    guard = SinceKept("rps", within, "before", (("server", tuple(rounds(100.0, KEPT_ROUNDS))),))
    values = rounds(100.0 * ratio, 30)
    for number in range(1, 31):
        found = judge_since_kept(
            guard, "server", values[:number], more_is_better=True, effort=Effort(), ended=number == 30
        )
        if found is not None:
            return found.outcome
    raise AssertionError("unreachable")


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    write = sys.stdout.write
    write("within  truth  noise  session    PASS    FAIL  open\n")
    for within, noise, session in product((1.1, 1.2), (0.03, 0.08), (0.0, 0.02)):
        for ratio in (1.0, 1 / within, 0.87, 0.77, 0.67):
            coin = random.Random(f"{ratio}/{noise}/{session}/{within}")
            seen = Counter(outcome(ratio, noise, session, within, coin) for _ in range(runs))
            told = "  ".join(f"{seen[name] / runs:6.1%}" for name in ("PASS", "FAIL", "INCONCLUSIVE"))
            write(f"{within:6}  {ratio:5.2f}  {noise:5.0%}  {session:7.0%}  {told}\n")


if __name__ == "__main__":
    main()
