"""What `load.slowest` was given, as one Hypothesis strategy, and what it draws, as a request.

Hypothesis is imported when this is, and this when it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.traffic.requests import KEYWORDS, RequestDescription, description_of, request

Drawn: TypeAlias = tuple[Any, str | None, dict[str, Any]]
"""A path or a whole request, a method, the keywords of the request."""

BODIES = ("content", "data", "files", "json")


@dataclass(frozen=True, slots=True)
class Drawing:
    """`what` is a path, a request, or a strategy of either; `method` (None: as the keywords say) and the `words` of the
    request may be strategies, or hold some. `call` names the call in errors.

    Raises SpecError where nothing is left to search.
    """

    call: str
    what: Any
    method: Any
    words: Mapping[str, Any]

    def __post_init__(self) -> None:
        if not any(map(_holds_strategy, (self.what, self.method, self.words))):
            raise SpecError(
                f"{self.call}: there is nothing to search: give a Hypothesis strategy, for example "
                'params=st.fixed_dictionaries({"page_size": st.integers(1, 100)})'
            )
        for word in KEYWORDS:
            if callable(self.words.get(word)) and not isinstance(self.words[word], SearchStrategy):
                raise SpecError(
                    f"{self.call}: {word} is a function of the request's number; write a strategy of what it may be"
                )

    def strategy(self) -> SearchStrategy[Drawn]:
        """Everything that may be asked."""
        return st.tuples(*map(_as_strategy, (self.what, self.method, dict(self.words))))

    def request(self, drawn: Drawn) -> RequestDescription:
        """What was drawn, as a request. Raises SpecError for what is none."""
        what, method, words = drawn
        if isinstance(what, str):
            return request(method or ("POST" if any(words.get(w) for w in BODIES) else "GET"), what, **words)
        if words or method:
            given = ", ".join([*words, *(["method"] if method else [])])
            raise SpecError(f"{self.call}: {given} belong into request(...)")
        return description_of(what, self.call)


def _holds_strategy(given: Any) -> bool:
    if isinstance(given, Mapping):
        return any(map(_holds_strategy, given.values()))
    if isinstance(given, list | tuple):
        return any(map(_holds_strategy, given))
    return isinstance(given, SearchStrategy)


def _as_strategy(given: Any) -> SearchStrategy[Any]:
    """A strategy, also of what holds strategies: `{"page": st.integers()}`."""
    if isinstance(given, SearchStrategy):
        return given
    if not _holds_strategy(given):
        return st.just(given)
    if isinstance(given, Mapping):
        return st.fixed_dictionaries({key: _as_strategy(held) for key, held in given.items()})
    kind = type(given)
    return st.tuples(*map(_as_strategy, given)).map(list if kind is list else tuple)
