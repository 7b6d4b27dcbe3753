"""Every combination of some words' values, as named variants."""

from __future__ import annotations

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.servers.factories import granian, grid, gunicorn, uvicorn

SPEC = gunicorn("app:wsgi", worker_class="gthread")


def test_the_variants_are_named_after_what_varies():
    found = grid(SPEC, workers=[1, 2], threads=[1, 5, 15])
    assert list(found) == ["w1_t1", "w1_t5", "w1_t15", "w2_t1", "w2_t5", "w2_t15"]
    assert found["w2_t15"] == SPEC.with_options(workers=2, threads=15)


COUNTS = st.lists(st.integers(1, 999), min_size=1, max_size=4, unique=True)


@given(COUNTS, COUNTS)
def test_every_combination_is_there_once_under_an_identifier(workers, threads):
    found = grid(granian("app:wsgi", interface="wsgi"), threads=threads, workers=workers)
    assert {(spec.workers, spec.threads) for spec in found.values()} == {
        (w, t) for w in workers for t in threads
    }
    assert all(name.isidentifier() and not keyword.iskeyword(name) for name in found)


def test_words_that_are_no_numbers_have_readable_names_too():
    assert list(grid(uvicorn("a:b"), loop=["asyncio", "uvloop"], http=["h11", None])) == [
        "asyncio_h11",
        "asyncio_no_http",
        "uvloop_h11",
        "uvloop_no_http",
    ]
    assert list(grid(SPEC, env=[{"POOL": "1"}, {"POOL": "0"}])) == ["POOL_1", "POOL_0"]
    assert list(grid(SPEC, startup_timeout=[1.5])) == ["startup_timeout_1_5"]
    assert list(grid(SPEC, args=[["--preload"]])) == ["preload"]


@pytest.mark.parametrize(
    ("axes", "why"),
    [
        ({}, "say what varies"),
        ({"workers": []}, "needs at least one value"),
        ({"workers": 2}, r"write a list of values, e\.g\. workers=\[2\]"),
        ({"loop": "uvloop"}, "write a list of values"),
        ({"workers": [1, 1]}, "two variants would be named 'w1'"),
        ({"color": [1]}, "has no word 'color'"),
        ({"greenlets": [5]}, "greenlets under worker_class='gevent' only"),
    ],
)
def test_what_cannot_be_meant_is_refused(axes, why):
    with pytest.raises(SpecError, match=why):
        grid(SPEC, **axes)


def test_a_sweep_is_of_a_spec():
    with pytest.raises(SpecError, match="the first argument is a server spec"):
        grid("app:wsgi", workers=[1])
