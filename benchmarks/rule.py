"""How often the rule is wrong, how often it finds a difference, and how many rounds it takes.

Synthetic rounds: two slots follow each other in time under some noise, a coin says which variant comes first.
Each setting has its own seed, derived from its name, so the table is the same on every machine.

    python benchmarks/rule.py [runs per setting, 1000 by default]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, product
from math import log
from random import Random

from noise import Noise, autoregressive, heavy_tails, outliers, plain

from pytest_asyncbench.verdict import judge
from pytest_asyncbench.verdict.signed_rank import largest_k

ROUNDS = 30


def bursts(random: Random) -> Iterator[float]:
    """Now and then (a tenth of the time) about ten slots in a row are three deviations slower, and wilder."""
    busy = False
    while True:
        busy = random.random() < (0.9 if busy else 0.011)
        yield random.gauss(-3, 2) if busy else random.gauss(0, 1)


SHAPES: dict[str, Noise] = {
    "plain": plain,
    "AR(1)": autoregressive,
    "outliers": outliers,
    "heavy tails": heavy_tails,
    "bursts": bursts,
}


@dataclass(frozen=True, slots=True)
class Setting:
    """A shape of the noise and its deviation, as a share of a slot's value."""

    shape: str
    noise: float

    def rounds(self, run: int) -> list[float]:
        """log(A/B) of one A/A run."""
        random = Random(f"{self.shape} {self.noise} {run}")
        slots = SHAPES[self.shape](random)
        return [self.noise * random.choice((-1, 1)) * (next(slots) - next(slots)) for _ in range(ROUNDS)]


SETTINGS = [Setting(shape, noise) for shape, noise in product(SHAPES, (0.02, 0.05, 0.10))]


@dataclass(frozen=True, slots=True)
class Row:
    """Shares of runs, and the mean number of rounds."""

    passed: float
    failed: float
    rounds: float


def judged(runs: list[list[float]], effect: float, margin: float = 1.0) -> Row:
    """The rule on runs in which A is `effect` times B."""
    verdicts = [judge([d + log(effect) for d in run], margin=margin) for run in runs]
    given = [verdict for verdict in verdicts if verdict]
    share = 1 / len(runs)
    passed, failed = (sum(v.outcome == outcome for v in given) * share for outcome in ("PASS", "FAIL"))
    return Row(passed, failed, sum(v.rounds for v in given) * share)


THRESHOLDS = {n: largest_k(n, 0.025) for n in range(6, ROUNDS + 1)}


def peeks_wrongly(run: list[float]) -> bool:
    """Naive: the ordinary 95 % signed-rank test after every round from the sixth, until it is significant."""
    for n, k in THRESHOLDS.items():
        ranked = sorted(run[:n], key=abs)
        below = sum(rank for rank, d in enumerate(ranked, 1) if d < 0)
        if min(below, n * (n + 1) // 2 - below) < k:
            return True
    return False


ORDERS = {
    # signs of the rounds (1: A before B), and a noise of period four that keeps step with them
    "always A B": ([1] * ROUNDS, (1, -1, 1, -1)),
    "A B, B A in turn": ([1, -1] * (ROUNDS // 2), (1, -1, -1, 1)),
}


def schedules(runs: int) -> Iterator[tuple[str, float, float]]:
    """Wrong A/A verdicts under noise of period four: with a fixed order of the slots, and with a coin."""
    for name, (fixed, swing) in ORDERS.items():
        random = Random(name)
        wrong = [0, 0]
        for _ in range(runs):
            slots = [swing[i % 4] + random.gauss(0, 0.5) for i in range(2 * ROUNDS)]
            differences = [0.05 * (slots[i] - slots[i + 1]) for i in range(0, 2 * ROUNDS, 2)]
            coin = [random.choice((-1, 1)) for _ in range(ROUNDS)]
            for i, signs in enumerate((fixed, coin)):
                verdict = judge([sign * d for sign, d in zip(signs, differences, strict=True)])
                wrong[i] += verdict is not None and verdict.outcome != "INCONCLUSIVE"
        yield name, wrong[0] / runs, wrong[1] / runs


HEAD = [
    "setting",
    "A/A wrong",
    "peeking",
    "+20 %",
    "rounds",
    "+10 %",
    "rounds",
    "m +20 %",
    "rounds",
    "m +10 %",
    "rounds",
]


def measure(setting: Setting, count: int) -> list[float]:
    """One row of the table: shares and rounds, in the order of HEAD."""
    runs = [setting.rounds(run) for run in range(count)]
    same = judged(runs, 1.0)
    found = [judged(runs, effect, margin) for margin, effect in product((1.0, 1.05), (1.2, 1.1))]
    peeking = sum(map(peeks_wrongly, runs)) / count
    return [
        same.passed + same.failed,
        peeking,
        *chain.from_iterable((row.passed, row.rounds) for row in found),
    ]


def lines(count: int) -> Iterator[str]:
    """The table, as Markdown."""
    yield f"{count} runs in each setting; `m`: with a claimed margin of 1.05, else 1.0"
    yield ""
    yield f"| {' | '.join(HEAD)} |"
    yield f"|---{'|---:' * (len(HEAD) - 1)}|"
    table = []
    for setting in SETTINGS:
        table.append(measure(setting, count))
        yield _line(f"{setting.shape}, {setting.noise:.0%}", table[-1])
    yield _line("mean", [sum(column) / len(table) for column in zip(*table, strict=True)])
    yield ""
    for name, fixed, coin in schedules(count):
        yield f"A/A under noise of period four: {name} {fixed:.1%} wrong, a coin {coin:.1%}"


def _line(name: str, numbers: list[float]) -> str:
    cells = [
        f"{number:.1f}" if head == "rounds" else f"{number:.1%}"
        for head, number in zip(HEAD[1:], numbers, strict=True)
    ]
    return f"| {name} | {' | '.join(cells)} |"


if __name__ == "__main__":
    for text in lines(int(sys.argv[1]) if len(sys.argv) > 1 else 1000):
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
