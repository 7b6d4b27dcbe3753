"""How often a race drops the best of its variants, what it finds, and how many slots it takes.

Synthetic rounds: all variants of a round share what the machine did to it, each slot has noise of its own, and a coin
orders them. Each setting has its own seed, derived from its name, so the table is the same on every machine.

    python benchmarks/races.py [races per setting, 500 by default; four times as many of equal variants]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import exp, log
from random import Random

from noise import Noise, autoregressive, heavy_tails, outliers, plain

from pytest_asyncbench.verdict.race import Rules, Standing, after, at_or_below
from pytest_asyncbench.verdict.signed_rank import largest_k

ROUNDS = 30
AGAIN = 8
"""Slots of the winner on fresh launches."""
PLAIN_FROM = 6
EQUAL = 4
"""Times as many races of equal variants: their errors are rare."""
Slots = Mapping[str, list[float]]


SHAPES: dict[str, Noise] = {
    "plain": plain,
    "AR(1)": autoregressive,
    "outliers": outliers,
    "heavy tails": heavy_tails,
}

GRIDS: dict[str, tuple[float, ...]] = {
    # true values, the best first
    "one best, steps of 10 %": tuple(1.1**-step for step in range(9)),
    "one best, the others 20 % behind": (1.0, *[1 / 1.2] * 8),
    "workers x threads": (1.0, 0.97, 0.93, 0.85, 0.7, 0.62, 0.5, 0.35, 0.2),
    "three equal, six behind": (1.0, 1.0, 1.0, *[1 / 1.3] * 6),
    "all equal": (1.0,) * 9,
    "25 variants": tuple(1.06**-step for step in range(25)),
}


@dataclass(frozen=True, slots=True)
class Setting:
    """A grid of true values, a shape of the noise, and its deviation as a share of a slot's value."""

    grid: str
    shape: str
    noise: float

    def slots(self, race: int) -> dict[str, list[float]]:
        """What every variant would yield in each round."""
        random = Random(f"{self.grid} {self.shape} {self.noise} {race}")
        noise = SHAPES[self.shape](random)
        values = GRIDS[self.grid]
        found: dict[str, list[float]] = {f"v{number}": [] for number in range(len(values))}
        for _ in range(ROUNDS):
            order = random.sample(range(len(values)), len(values))
            for number in order:
                found[f"v{number}"].append(values[number] * exp(self.noise * next(noise)))
        return found


@dataclass(frozen=True, slots=True)
class Ended:
    """How one race ended: who was left, the best first, and how many slots it took, with those of the winner again."""

    left: tuple[str, ...]
    slots: int


def raced(slots: Slots, by: float = 1.05, confidence: float = 0.95) -> Ended:
    """A race on these slots, of which one that has been dropped takes no more."""
    rules = Rules(len(slots), by, confidence, ROUNDS)
    standing = Standing(tuple(slots))
    taken = 0
    for rounds in range(1, ROUNDS + 1):
        taken += len(standing.running)
        seen = {name: slots[name][:rounds] for name in standing.running}
        standing = after(standing, seen, rules)
        if standing.over:
            break
    return Ended(standing.running, taken + AGAIN)


def raced_naively(slots: Slots) -> Ended:
    """What anyone writes first: after every round from the sixth, whoever is worse than the one ahead by the ordinary
    95 % signed-rank test is dropped."""
    running, taken = list(slots), 0
    for rounds in range(1, ROUNDS + 1):
        taken += len(running)
        if rounds < PLAIN_FROM:
            continue
        k = largest_k(rounds, 0.025)
        ahead = max(running, key=lambda name: sum(slots[name][:rounds]))
        logs = {
            name: [log(a / b) for a, b in zip(slots[ahead][:rounds], slots[name][:rounds], strict=True)]
            for name in running
        }
        running = [name for name in running if name == ahead or at_or_below(logs[name], 0.0) >= k]
        if len(running) == 1:
            break
    return Ended(tuple(running), taken)


@dataclass(frozen=True, slots=True)
class Row:
    """Shares of races: the best was dropped, was the one found, was found or a tie; mean share of the slots; ties."""

    dropped: float
    found: float
    kept: float
    slots: float
    ties: float
    naive: float


def measure(setting: Setting, count: int, by: float = 1.05) -> Row:
    """One row of the table. Of several equal bests it is the first that may not be dropped."""
    every = len(GRIDS[setting.grid]) * ROUNDS
    drawn = [setting.slots(number) for number in range(count)]
    ends = [raced(slots, by) for slots in drawn]
    naive = [raced_naively(slots) for slots in drawn]
    return Row(
        sum("v0" not in end.left for end in ends) / count,
        sum(end.left[0] == "v0" for end in ends) / count,
        sum("v0" in end.left for end in ends) / count,
        sum(end.slots for end in ends) / count / every,
        sum(len(end.left) - 1 for end in ends) / count,
        sum("v0" not in end.left for end in naive) / count,
    )


SETTINGS = [
    *(Setting("all equal", shape, 0.05) for shape in SHAPES),
    *(Setting(grid, "plain", noise) for grid in GRIDS if grid != "all equal" for noise in (0.02, 0.05, 0.10)),
    Setting("workers x threads", "AR(1)", 0.10),
    Setting("workers x threads", "outliers", 0.05),
]
HEAD = ["variants, noise", "best dropped", "margin 0", "naively", "best found", "or a tie", "ties", "slots"]


def lines(count: int) -> Iterator[str]:
    """The table, as Markdown."""
    yield f"{count} races in each setting, {EQUAL * count} of equal variants; margin of 5 %, or 0"
    yield ""
    yield f"| {' | '.join(HEAD)} |"
    yield f"|---{'|---:' * (len(HEAD) - 1)}|"
    for setting in SETTINGS:
        races = count * (EQUAL if setting.grid == "all equal" else 1)
        row, bare = measure(setting, races), measure(setting, races, by=1.0)
        cells = [
            f"{row.dropped:.1%}",
            f"{bare.dropped:.1%}",
            f"{row.naive:.1%}",
            f"{row.found:.1%}",
            f"{row.kept:.1%}",
            f"{row.ties:.1f}",
            f"{row.slots:.0%}",
        ]
        yield f"| {setting.grid}; {setting.shape}, {setting.noise:.0%} | {' | '.join(cells)} |"


if __name__ == "__main__":
    for text in lines(int(sys.argv[1]) if len(sys.argv) > 1 else 500):
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
