"""Statements as values."""

from __future__ import annotations

from math import inf, nan

import pytest

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.verdict import Budget, NoRegression, Ordering, Statement, Tie


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        (Ordering(("a", "b", "c"), "rps", 1.2), "a > b > c in rps by more than 20 %"),
        (Ordering(("a", "b")), "a > b in rps by more than 5 %"),
        (Tie("a", "b", "p95", 1.1), "a = b in p95 within 10 %"),
        (NoRegression("new", "old"), "new is not worse than old in rps by 10 %"),
        (Budget("rps", 300, at_least=True), "rps >= 300"),
        (Budget("p95", 0.25), "p95 <= 0.25"),
    ],
)
def test_explains_itself(statement: Statement, text: str) -> None:
    assert str(statement) == text


@pytest.mark.parametrize("names", [("a",), (), ("a", "a"), ("a", "b", "a")])
def test_orderings_of_nothing(names: tuple[str, ...]) -> None:
    with pytest.raises(SpecError, match="ordering"):
        Ordering(names)


def test_variant_against_itself() -> None:
    with pytest.raises(SpecError, match=r"tie.*named twice"):
        Tie("a", "a")
    with pytest.raises(SpecError, match=r"no_regression.*named twice"):
        NoRegression("a", "a")


@pytest.mark.parametrize("factor", [0.0, 0.2, -1.2, inf, nan])
def test_factors(factor: float) -> None:
    with pytest.raises(SpecError, match=r"1\.2 stands for 20 %"):
        Ordering(("a", "b"), by=factor)
    with pytest.raises(SpecError, match="within="):
        Tie("a", "b", within=factor)
    with pytest.raises(SpecError, match="within="):
        NoRegression("a", "b", within=factor)


def test_tie_needs_room() -> None:
    with pytest.raises(SpecError, match="within=1"):
        Tie("a", "b", within=1.0)
    assert Ordering(("a", "b"), by=1.0).by == 1.0


@pytest.mark.parametrize("limit", [-1.0, inf, nan])
def test_limits(limit: float) -> None:
    with pytest.raises(SpecError, match="give a limit of 0 or more"):
        Budget("p95", limit)
