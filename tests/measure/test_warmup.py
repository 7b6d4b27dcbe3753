"""When a server is warm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.measure.warmup import LONGEST, WarmupWindow, is_over, is_warm, why_not_warm

WINDOWS = st.lists(
    st.builds(WarmupWindow, st.floats(0.5, 5), st.integers(0, 1000), st.floats(0, 1000)), max_size=25
)


def windows(*rates: float, answers: int = 100, seconds: float = 0.5) -> list[WarmupWindow]:
    return [WarmupWindow(seconds, answers, rate) for rate in rates]


@pytest.mark.parametrize(
    ("passed", "warm"),
    [
        (windows(100, 100, 100), False),
        (windows(100, 100, 100, 100), True),
        (windows(50, 100, 100, 109), True),
        (windows(100, 100, 100, 112), False),
        (windows(100, 100, 100, 88), False),
        (windows(10, 20, 500, 100, 100, 100), True),
        (windows(100, 100, 100, 100, answers=49), False),
        (windows(100, 100, 100, 100, seconds=0.4), False),
        (windows(0, 0, 0, 0), False),
    ],
)
def test_two_seconds_200_requests_and_a_steady_rate(passed, warm):
    assert is_warm(passed) is warm
    assert is_over(passed, None) is warm


@given(WINDOWS)
def test_every_warm_up_ends(passed):
    total = sum(window.seconds for window in passed)
    assert is_over(passed, None) is (total >= LONGEST or is_warm(passed))
    assert (why_not_warm(passed) is None) is (not passed or is_warm(passed))


@given(WINDOWS, st.floats(0, 20))
def test_a_time_that_was_asked_for_is_kept(passed, asked):
    assert is_over(passed, asked) is (sum(window.seconds for window in passed) >= asked)


def test_why_a_server_may_be_cold():
    few = windows(*[10] * 20, answers=5)
    assert why_not_warm(few) == "its warm-up of 10 s held 100 requests, 200 were wanted"
    restless = windows(*[10, 20] * 10)
    assert why_not_warm(restless) == "not warm after 10 s: its rate still changed by more than 10%"
