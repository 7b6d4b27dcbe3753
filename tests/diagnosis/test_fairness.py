"""The same answer for the same work: what differs is refused, unless it is meant; what is random is not."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.diagnosis.fairness import ASPECTS, TITLES, Work, unfair
from pytest_asyncbench.measure.answers import Answers, paths
from pytest_asyncbench.measure.counts import Counts
from pytest_asyncbench.postgres.statements import StatementCount
from pytest_asyncbench.traffic.load_plan import DIFFERENCES


def work(
    *,
    status: int = 200,
    kind: str = "application/json",
    body: object = None,
    lengths=(30,) * 50,
    ok: int = 50,
    queries: int = 50,
    rows: int = 50,
    settings=(),
) -> Work:
    found = Counter(dict.fromkeys(set(paths({"id": 1, "tags": ["a"]} if body is None else body)), 50))
    answers = Answers(50, ok, Counter({status: 50}), Counter({kind: 50}), tuple(lengths), found)
    counts = Counts(50, (StatementCount("SELECT 1", queries, rows, 0.1),), 0, None, 4, 0, (), "")
    return Work(answers, counts, settings)


DIFFERENT = {
    "status": work(status=204),
    "content_type": work(kind="text/html"),
    "shape": work(body={"id": 1, "tags": [{"name": "a"}]}),
    "length": work(lengths=(40,) * 50),
    "queries_per_request": work(queries=100),
    "rows_per_request": work(rows=50_000),
    "errors": work(ok=40),
    "settings": work(settings=("work_mem=1GB",)),
}


def test_every_aspect_has_a_title_and_can_be_meant():
    assert list(ASPECTS) == list(TITLES) == list(DIFFERENCES) == list(DIFFERENT)


@pytest.mark.parametrize("aspect", DIFFERENT)
def test_what_differs_is_refused_with_both_unless_it_is_meant(aspect):
    works = {"a": work(), "b": DIFFERENT[aspect]}
    [why] = unfair(works, ())
    assert TITLES[aspect] in why
    assert ": a " in why
    assert ", b " in why
    assert f'differs={{"{aspect}"}}' in why
    assert unfair(works, {aspect}) == []


def test_what_is_alike_is_not_refused():
    assert unfair({"a": work(), "b": work(), "c": work(lengths=(32,) * 50)}, ()) == []
    assert unfair({"a": work(), "b": Work()}, ()) == [], "a flow is not looked at"


@pytest.mark.parametrize("seed", range(20))
def test_random_answers_have_random_lengths(seed):
    coin = random.Random(seed)
    works = {name: work(lengths=[coin.randint(10, 300) for _ in range(50)]) for name in "ab"}
    assert unfair(works, ()) == []


def test_numbers_are_numbers_and_what_is_missing_now_and_then_is_optional():
    assert set(paths({"a": 1, "b": [1.5, None], "c": {"d": True}})) == {
        *(".: object", "a: number", "b: list", "b[]: number", "c: object", "c.d: flag"),
    }
    some = work()
    some.answers.paths["note: text"] = 20
    assert unfair({"a": work(), "b": some}, ()) == []


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_any_json_has_a_shape_that_is_its_own(value):
    assert unfair({"a": work(body=value), "b": work(body=value)}, ()) == []
