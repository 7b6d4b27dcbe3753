"""In which order the variants of a round are put under load: a fresh coin every round."""

from __future__ import annotations

import random
from collections.abc import Sequence


def order(seed: int, round_number: int, variants: Sequence[str]) -> tuple[str, ...]:
    """The variants in the order of their slots in one round.

    Drawn anew for every round: the rule's guarantee follows from this coin. Alternating patterns are not safe (a
    noise of their period decides for them).
    """
    shuffled = list(variants)
    random.Random(f"{seed}/{round_number}").shuffle(shuffled)
    return tuple(shuffled)


def draw_seed() -> int:
    """A seed for the coin of one run, short enough to be typed."""
    return random.SystemRandom().randrange(1_000_000)
