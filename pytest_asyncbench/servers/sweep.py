"""A sweep: every combination of some words' values, as named variants."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.servers.spec import ServerSpec

SHORT = {"workers": "w", "threads": "t", "greenlets": "g"}
"""Words whose values are numbers, in names: "w2_t15"."""


def grid(spec: ServerSpec, **axes: Iterable[object]) -> dict[str, ServerSpec]:
    """Every combination: `@pytest.mark.variants(**grid(spec, workers=[1, 2], threads=[1, 5, 15]))`.

    The names are "w1_t1", "w1_t5", ...: identifiers, in the order of the words as they are written. Raises SpecError
    for a word without values, values that repeat, and a combination that the program does not have.
    """
    if not isinstance(spec, ServerSpec):
        raise SpecError(f"grid({spec!r}): the first argument is a server spec, such as gunicorn('app:wsgi')")
    if not axes:
        raise SpecError("grid(spec): say what varies, e.g. grid(spec, workers=[1, 2])")
    values = [_values(word, given) for word, given in axes.items()]
    out: dict[str, ServerSpec] = {}
    for combination in itertools.product(*values):
        changes = dict(zip(axes, combination, strict=True))
        name = "_".join(_name(word, value) for word, value in changes.items())
        if name in out:
            raise SpecError(f"grid(...): two variants would be named {name!r}; values must differ")
        out[name] = spec.with_options(**changes)
    return out


def _values(word: str, given: Iterable[object]) -> list[object]:
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise SpecError(f"grid({word}={given!r}): write a list of values, e.g. {word}=[{given!r}]")
    values = list(given)
    if not values:
        raise SpecError(f"grid({word}=[]): a word needs at least one value")
    return values


def _name(word: str, value: object) -> str:
    if word in SHORT:
        return f"{SHORT[word]}{value}"
    if isinstance(value, Mapping):
        value = "_".join(f"{name}_{setting}" for name, setting in value.items())
    text = re.sub(r"\W+", "_", f"{'no_' + word if value is None else value}").strip("_")
    return text if text.isidentifier() else f"{word}_{text}"
