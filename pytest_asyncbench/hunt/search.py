"""Hypothesis at work: it draws examples, climbs to where the score is highest, and shrinks what was found there.

Only its public interface is used. There, shrinking begins at a failing example, and climbing ends at one; so the same
search is done twice from the same seed: first nothing fails, then the example that was the slowest does. The scores of
the second time are those of the first, and nothing is sent for them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeAlias

from hypothesis import HealthCheck, Phase, given, reject, seed, settings, target
from hypothesis.database import ExampleDatabase
from hypothesis.errors import Flaky, Unsatisfiable
from hypothesis.strategies import SearchStrategy

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.hunt.trials import Enough

Score: TypeAlias = Callable[[Any], tuple[Hashable, float | None]]
"""Of an example: a name that is its own, and how slow it is; None if it cannot be sent."""

LOOKING = (Phase.reuse, Phase.generate, Phase.target)


@dataclass(slots=True)
class Search:
    """One search of `examples` examples. `corpus` are those of the runs before, as Hypothesis writes them: they come
    first.

    `history` is what was drawn, in order, with the scores. `strayed`: the second time, something else was drawn.
    """

    strategy: SearchStrategy[Any]
    examples: int
    seed: int
    corpus: frozenset[bytes] = frozenset()
    history: list[tuple[Hashable, float | None]] = field(default_factory=list)
    strayed: bool = False

    def simplest(self) -> Any:
        """The first example that Hypothesis draws, which is its simplest. Raises SpecError if there is none."""
        drawn: list[Any] = []

        def first(example: Any) -> bool:
            drawn.append(example)
            return True

        self._find(first, (Phase.generate,), frozenset())
        if not drawn:
            raise SpecError(NOTHING)
        return drawn[0]

    def climb(self, score: Score) -> None:
        """Draw examples, those with a high score and their neighbours more often. Ends early where `score` raises
        Enough. Raises SpecError for a strategy that gives nothing, and what `score` and the strategy raise."""

        def condition(example: Any) -> bool:
            name, value = score(example)
            self.history.append((name, value))
            _tell(value)
            return False

        self._find(condition, LOOKING, self.corpus)

    def shrink(
        self, name: Hashable, name_of: Callable[[Any], Hashable], accepts: Callable[[Any], bool]
    ) -> frozenset[bytes]:
        """Look for simpler examples than the one of that name, which is accepted. What is to be tried first next
        time."""
        start = [each for each, _ in self.history].index(name)
        numbers = count()
        found = False

        def condition(example: Any) -> bool:
            nonlocal found
            if found:
                return accepts(example)
            number = next(numbers)
            if number > start or name_of(example) != self.history[number][0]:
                self.strayed = True
                raise Enough
            found = number == start
            if not found:
                _tell(self.history[number][1])
            return found

        return self._find(condition, (*LOOKING, Phase.shrink), self.corpus)

    def _find(
        self, condition: Callable[[Any], bool], phases: tuple[Phase, ...], corpus: frozenset[bytes]
    ) -> frozenset[bytes]:
        """Run Hypothesis; what it would keep in its database."""
        database = Corpus(corpus)
        raised: list[BaseException] = []

        @settings(  # outside of seed, which would switch the database off
            max_examples=self.examples,
            phases=phases,
            database=database,
            deadline=None,
            derandomize=False,
            print_blob=False,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
        @seed(self.seed)
        @given(self.strategy)
        def search(example: Any) -> None:
            try:
                found = condition(example)
            except Unwanted:
                reject()
            except Enough:
                raise
            except BaseException as error:  # Hypothesis would take it for a failing example, and shrink that
                raised.append(error)
                raise Enough from error
            if found:
                raise Found

        try:
            search()
        except (Found, Flaky):
            pass
        except Unsatisfiable:
            if not self.history:
                raise SpecError(NOTHING) from None
        except Enough:
            if raised:
                raise raised[0] from None
        return frozenset(database.first)


class Corpus(ExampleDatabase):
    """What Hypothesis reads and writes during one search. `first` is what it will try first in the next one.

    The key of that is the first it asks for; those of what it keeps beside it are others.
    """

    def __init__(self, first: frozenset[bytes]) -> None:
        super().__init__()
        self.first = set(first)
        self._key: bytes | None = None
        self._others: dict[bytes, set[bytes]] = {}

    def fetch(self, key: bytes) -> Iterator[bytes]:
        """The examples of a key."""
        yield from list(self._of(key))

    def save(self, key: bytes, value: bytes) -> None:
        """Add an example."""
        self._of(key).add(value)

    def delete(self, key: bytes, value: bytes) -> None:
        """Remove an example, if it is there."""
        self._of(key).discard(value)

    def _of(self, key: bytes) -> set[bytes]:
        if self._key is None:
            self._key = key
        return self.first if key == self._key else self._others.setdefault(key, set())


class Found(Exception):
    """The example that was looked for."""


class Unwanted(Exception):
    """An example that cannot be sent: Hypothesis draws another one."""


def _tell(score: float | None) -> None:
    if score is None:
        raise Unwanted
    target(score, label="latency")


NOTHING = "the strategy gives no example: it is empty, or its filters leave nothing"
