"""Times, shares and margins: what people write, and what is refused."""

from __future__ import annotations

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench import units
from pytest_asyncbench.errors import SpecError

SIZES = {
    "us": 1e-6,
    "\u00b5s": 1e-6,
    "\u03bcs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "min": 60.0,
    "h": 3600.0,
}
DECIMALS = st.decimals(min_value=0, max_value=10**6, places=3)
JUNK = [None, True, [], "", " ", "fast", "5 apples", "5\u017f", "--5", "1e3", math.nan, math.inf, -1, "-1"]


@given(DECIMALS, st.sampled_from(sorted(SIZES)), st.sampled_from(["", " "]))
def test_a_time_with_its_unit(number, unit, space):
    expected = pytest.approx(float(number) * SIZES[unit])
    assert units.seconds(f"{number}{space}{unit}") == expected
    if unit.isascii():
        assert units.seconds(f" {number}{space}{unit.upper()} ") == expected


@given(st.floats(min_value=0, allow_infinity=False, allow_nan=False))
def test_a_bare_number_is_seconds(number):
    assert units.seconds(number) == number


@given(st.text())
def test_any_text_is_a_time_or_refused(text):
    with suppress(SpecError):
        assert units.seconds(text) >= 0


@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize("parse", [units.seconds, units.share, units.factor])
def test_junk_is_refused_with_its_name_and_a_remedy(parse, junk):
    with pytest.raises(SpecError, match=r"^budget\(p95=\.\.\.\): .* (no|ambiguous|negative)") as caught:
        parse(junk, "budget(p95=...)")
    assert repr(junk) in str(caught.value)


@given(st.decimals(min_value=0, max_value=100, places=3))
def test_a_share_is_a_percentage_or_a_number(number):
    expected = pytest.approx(float(number) / 100)
    assert units.share(f"{number}%") == units.share(f"{number} %") == expected
    assert units.share(float(number) / 100) == expected


@pytest.mark.parametrize("wrong", [5, 1.001, -0.1, "5", "101%", "-1%", "0.5x"])
def test_a_share_lies_between_0_and_1(wrong):
    with pytest.raises(SpecError, match=r"is no share; write '0\.1%' or 0\.001"):
        units.share(wrong)


@given(st.decimals(min_value=0, max_value=900, places=2))
def test_a_margin_is_written_three_ways(percent):
    expected = pytest.approx(1 + float(percent) / 100)
    assert units.factor(f"{percent}%") == expected
    assert units.factor(f"{1 + percent / 100:f}x") == expected
    if percent < 100:
        assert units.factor(float(percent) / 100) == expected


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        (3, "'3' *|3 is ambiguous; write '3%' or '3x'"),
        (1.2, "write '1.2%' or '1.2x'"),
        ("20", "write '20%' or '20x'"),
        ("-20%", "turn the order round"),
        (-0.2, "turn the order round"),
        ("0.8x", "below 1x; turn the order round"),
    ],
)
def test_a_margin_that_could_mean_two_things_is_refused(wrong, remedy):
    with pytest.raises(SpecError, match=remedy):
        units.factor(wrong)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0.00 us"),
        (1.234e-6, "1.23 us"),
        (0.00123, "1.23 ms"),
        (0.0123, "12.3 ms"),
        (0.25, "250 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (75, "75.0 s"),
        (1234, "1,234 s"),
        (math.inf, "inf"),
    ],
)
def test_times_are_shown_with_three_digits(value, shown):
    assert units.show_seconds(value) == shown


@given(st.floats(min_value=1e-6, max_value=900))
def test_a_time_that_is_shown_can_be_read_back(value):
    assert units.seconds(units.show_seconds(value)) == pytest.approx(value, rel=0.0051)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0.00"),
        (5.678, "5.68"),
        (9.996, "10.0"),
        (56.7, "56.7"),
        (567, "567"),
        (999.6, "1,000"),
        (12345, "12,345"),
    ],
)
def test_counts_are_shown_with_three_digits_or_whole(value, shown):
    assert units.show_count(value) == shown
    assert units.show_count(math.inf) == "inf"


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0 %"), (1 / 300, "0.33 %"), (0.12345, "12.3 %"), (1, "100 %")]
)
def test_shares_are_shown_as_percentages(value, shown):
    assert units.show_share(value) == shown
