"""Times, shares and margins as people write them, parsed in one place.

seconds("250ms") == 0.25      seconds(5) == 5.0      seconds("2m") == 120.0
share("0.1%") == 0.001        share(0.001) == 0.001
factor("20%") == 1.2          factor(0.2) == 1.2     factor("1.2x") == 1.2
"""

from __future__ import annotations

import math
import re

from pytest_asyncbench.errors import SpecError

_TIME = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(us|ms|s|m|min|h)?\s*", re.IGNORECASE | re.ASCII)
_MICRO = str.maketrans("\u00b5\u03bc", "uu")  # the micro sign, and the Greek letter that looks the same
_SECONDS = {None: 1.0, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_NUMBER = re.compile(r"\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+))\s*(%|x)?\s*", re.IGNORECASE)


def seconds(value: object, what: str = "") -> float:
    """A time in seconds, from a number of seconds or a string such as "250ms", "5s", "2m".

    `what` begins the error. Raises SpecError for anything else, and for negative or infinite times.
    """
    number = _seconds(value)
    if number is None or not math.isfinite(number) or number < 0:
        raise SpecError(
            f"{what}{': ' * bool(what)}{value!r} is no time; write seconds or a string such as '250ms', '5s', '2m'"
        )
    return number


def _seconds(value: object) -> float | None:
    if isinstance(value, str):
        match = _TIME.fullmatch(value.translate(_MICRO))
        unit = match[2].lower() if match and match[2] else None
        return float(match[1]) * _SECONDS[unit] if match else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return None


def share(value: object, what: str = "a share") -> float:
    """A share between 0 and 1, from a number (0.001) or a percentage ("0.1%").

    Raises SpecError for anything else; a bare number above 1 is refused because 5 could mean 5 %.
    """
    number, unit = _number(value)
    if number is not None and unit == "%":
        number /= 100
    if number is None or unit == "x" or not 0 <= number <= 1:
        raise SpecError(f"{what}: {value!r} is no share; write '0.1%' or 0.001 (between 0 and 1)")
    return number


def factor(value: object, what: str = "a margin") -> float:
    """A margin as the factor it stands for: "20%" and 0.2 are 1.2, "1.2x" is 1.2.

    Raises SpecError for negative margins, factors below 1 and bare numbers from 1 up (3 could mean 3 % or threefold).
    """
    number, unit = _number(value)
    if number is None or not math.isfinite(number):
        raise SpecError(f"{what}: {value!r} is no margin; write '20%', 0.2 or '1.2x'")
    if unit == "x":
        if number < 1:
            raise SpecError(f"{what}: {value!r} is below 1x; turn the order round instead")
        return number
    if unit is None and number >= 1:
        raise SpecError(f"{what}: {value!r} is ambiguous; write '{number:g}%' or '{number:g}x'")
    if number < 0:
        raise SpecError(f"{what}: {value!r} is negative; a margin is 0 or more, turn the order round instead")
    return 1 + (number / 100 if unit == "%" else number)


def _number(value: object) -> tuple[float | None, str | None]:
    if isinstance(value, str):
        match = _NUMBER.fullmatch(value)
        return (float(match[1]), match[2].lower() if match[2] else None) if match else (None, None)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value), None
    return None, None


def show_seconds(value: float) -> str:
    """A time with three significant digits and the unit that suits it: '1.23 ms'."""
    if not math.isfinite(value):
        return "inf"
    for size, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if value >= size * 0.9995 or unit == "us":
            return f"{_three_digits(value / size)} {unit}"
    raise AssertionError("unreachable")


def show_count(value: float) -> str:
    """A quantity with three significant digits below 1000 and thousands separators from there: '1,234', '56.7'."""
    return _three_digits(value)


def show_share(value: float) -> str:
    """A share as a percentage: '0.33 %'; exactly zero is '0 %'."""
    return "0 %" if value == 0 else f"{_three_digits(value * 100)} %"


def _three_digits(value: float) -> str:
    if not math.isfinite(value):
        return str(value)
    if abs(value) >= 999.5:
        return f"{value:,.0f}"
    decimals = 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0
    return f"{value:.{decimals}f}"
