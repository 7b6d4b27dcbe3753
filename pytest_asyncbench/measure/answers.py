"""What a variant answers, in a summary that can be compared. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Answers:
    """What one variant answered `number` times: how often each status and content type, the length of each body, and in
    how many answers each path of the JSON (such as `items[].name: text`) was. `ok` of them were as expected."""

    number: int = 0
    ok: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    lengths: tuple[int, ...] = ()
    paths: Counter[str] = field(default_factory=Counter)


def paths(value: Any, path: str = "") -> Iterator[str]:
    """Every path of a JSON value with the kind of what is there; elements of a list are alike."""
    if isinstance(value, dict):
        yield f"{path or '.'}: object"
        for key, item in value.items():
            yield from paths(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        yield f"{path or '.'}: list"
        for item in value:
            yield from paths(item, f"{path}[]")
    elif value is not None:
        kind = "flag" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
        yield f"{path or '.'}: {kind}"
