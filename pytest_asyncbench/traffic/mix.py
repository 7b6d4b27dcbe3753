"""A mix of requests: which, and in what proportion."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.traffic.requests import RequestDescription, description_of

LARGEST_DECK = 10_000
"""Requests after which the proportions must have come out exactly; a longer deck would not fit into a slot."""


@dataclass(frozen=True, slots=True)
class Mix:
    """Requests and how many of each there are in one deck; made by `mix`."""

    requests: tuple[RequestDescription, ...]
    weights: tuple[int, ...]


def mix(weights: Mapping[Any, float]) -> Mix:
    """Requests in proportion: `mix({request("GET", "/"): 9, request("POST", "/items", json={}): 1})`.

    Keys are what `request(...)` gives, httpx.Request, or anything of its shape; weights are positive numbers. The
    proportion is exact: the agent deals requests from a shuffled deck that holds each of them so many times.
    Raises SpecError for what cannot be meant.
    """
    if not isinstance(weights, Mapping) or not weights:
        raise SpecError(f"mix({weights!r}): write a mapping, e.g. mix({{request('GET', '/'): 3, ...: 1}})")
    requests = tuple(description_of(given, "mix({...})") for given in weights)
    return Mix(requests, deck_counts(list(weights.values())))


def deck_counts(weights: list[float]) -> tuple[int, ...]:
    """The smallest whole numbers in the proportion of the weights. Raises SpecError for what is no positive number,
    and for proportions that need more than 10,000 requests."""
    shares = [_fraction(weight) for weight in weights]
    scale = math.lcm(*(share.denominator for share in shares))
    counts = [int(share * scale) for share in shares]
    divisor = math.gcd(*counts)
    if sum(counts) // divisor > LARGEST_DECK:
        raise SpecError(
            f"mix: the proportion {' : '.join(map(str, weights))} comes out after {sum(counts) // divisor} requests "
            f"only; write weights that do within {LARGEST_DECK}"
        )
    return tuple(count // divisor for count in counts)


def _fraction(weight: object) -> Fraction:
    refused = SpecError(f"mix: the weight {weight!r} is no positive number; write 9, 1 or 0.25")
    if isinstance(weight, bool) or not isinstance(weight, int | float | Fraction):
        raise refused
    if not 0 < weight < math.inf:
        raise refused
    exact = Fraction(weight)
    near = exact.limit_denominator(LARGEST_DECK)
    if abs(near - exact) > exact / 10**9:
        raise SpecError(f"mix: the weight {weight!r} is too fine; write whole numbers, such as 999 and 1")
    return near
