"""Launches differ: which way of allowing for it decides soonest at equal error?

Synthetic rounds; seconds are counted as they are on a small machine (START, WARM, SLOT).
The truth lies at the claimed margin (any verdict is wrong), and 3 % and 5 % beyond it (PASS is right).

    python benchmarks/launch_schemes.py [runs, 1000 by default]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from math import sqrt
from random import Random

from pytest_asyncbench.launching import ROUNDS_PER_LAUNCH, confirming_effort
from pytest_asyncbench.verdict import Effort
from pytest_asyncbench.verdict.decision import Band, decide

START, WARM, SLOT = 1.5, 2.0, 0.8
"""Seconds: two servers started side by side, the warm-up of each, a slot with all that is around it."""
ROUND = 2 * SLOT
LAUNCH = START + 2 * WARM + ROUND
"""With the round that is never judged."""
ALL = Effort()
Result = tuple[str, float]


@dataclass(frozen=True, slots=True)
class World:
    """`effect` beyond the margin, `noise` of a slot, `spread` between launches: standard deviations of logarithms."""

    effect: float
    noise: float
    spread: float
    random: Random

    def launch(self) -> float:
        """How far a launch of both variants is off."""
        return self.effect + sqrt(2) * self.spread * self.random.gauss(0, 1)

    def round(self, launch: float) -> float:
        """log(A/B) over the margin, of one round."""
        return launch + sqrt(2) * self.noise * self.random.gauss(0, 1)

    def datum(self) -> float:
        """Some rounds of a launch of their own."""
        launch = self.launch()
        return sum(self.round(launch) for _ in range(ROUNDS_PER_LAUNCH)) / ROUNDS_PER_LAUNCH


def decided(datum: Callable[[], float], seconds: float, begin: float, effort: Effort = ALL) -> Result:
    """The rule, and how long it took."""
    data: list[float] = []
    while True:
        data.append(datum())
        if found := decide(data, Band(lower=0.0), effort):
            return found.outcome, begin + len(data) * seconds


def one_launch(world: World) -> Result:
    """Nothing is done about it."""
    launch = world.launch()
    return decided(lambda: world.round(launch), ROUND, LAUNCH)


def live(world: World, number: int) -> Result:
    """So many instances of each variant live side by side; each slot draws one."""
    spread = world.spread
    a, b = ([spread * world.random.gauss(0, 1) for _ in range(number)] for _ in "ab")

    def datum() -> float:
        return world.round(world.effect + world.random.choice(a) - world.random.choice(b))

    return decided(datum, ROUND, number * (START + 2 * WARM) + ROUND)


def confirmed(world: World) -> Result:
    """A verdict of one launch counts if the rule says the same of fresh launches, each of which is one datum."""
    outcome, seconds = one_launch(world)
    if outcome == "INCONCLUSIVE":
        return outcome, seconds
    again, more = decided(world.datum, LAUNCH + ROUNDS_PER_LAUNCH * ROUND, 0.0, confirming_effort(ALL))
    return outcome if again == outcome else "INCONCLUSIVE", seconds + more


def every_launch(world: World) -> Result:
    """Every datum has launches of its own, from the first on."""
    return decided(world.datum, LAUNCH + ROUNDS_PER_LAUNCH * ROUND, 0.0)


SCHEMES: dict[str, Callable[[World], Result]] = {
    "one launch": one_launch,
    "three live instances": lambda world: live(world, 3),
    "six live instances": lambda world: live(world, 6),
    "confirmed on fresh launches": confirmed,
    "fresh launches for every datum": every_launch,
}


def lines(runs: int) -> Iterator[str]:
    """The table, as Markdown."""
    yield "| noise, between launches | scheme | wrong PASS | wrong FAIL | +3 % found | seconds | +5 % found | seconds |"
    yield "|---|---|---:|---:|---:|---:|---:|---:|"
    for noise, spread in product((0.02, 0.05), (0.01, 0.02)):
        for name, scheme in SCHEMES.items():
            cells = []
            for effect in (0.0, 0.03, 0.05):
                random = Random(f"{name} {noise} {spread} {effect}")
                found = [scheme(World(effect, noise, spread, random)) for _ in range(runs)]
                passed, failed = (sum(o == what for o, _ in found) / runs for what in ("PASS", "FAIL"))
                mean = sum(seconds for _, seconds in found) / runs
                cells += [f"{passed:.1%}", f"{mean:.0f}" if effect else f"{failed:.1%}"]
            yield f"| {noise:.0%}, {spread:.0%} | {name} | {' | '.join(cells)} |"


if __name__ == "__main__":
    for text in lines(int(sys.argv[1]) if len(sys.argv) > 1 else 1000):
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
