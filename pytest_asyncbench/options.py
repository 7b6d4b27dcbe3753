"""Every option: its name, its default, what it may be. Command line > ini > default.

On the start path of every pytest run: imports nothing heavy, checks values only when they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pytest


class Option(NamedTuple):
    """One option; `parse` names a function below that checks a text and gives its value."""

    name: str
    default: str | None
    metavar: str
    help: str
    parse: str = "text"


OPTIONS = (
    Option(
        "duration",
        None,
        "TIME",
        "measure this long per variant, instead of sampling until every statement is decided",
        "time",
    ),
    Option("slot", "0.5s", "TIME", "shortest length of a slot (one variant under load)", "positive_time"),
    Option(
        "warmup",
        None,
        "TIME",
        "length of the warm-up of a server (default: until it is steady, 2 s to 10 s)",
        "time",
    ),
    Option("rounds", "30", "N", "rounds at most: 8, 12, 18 or 30", "rounds"),
    Option("max-time", "300s", "TIME", "time at most for one load call", "positive_time"),
    Option("confidence", "0.95", "SHARE", "1 - the error rate promised for a claim", "confidence"),
    Option(
        "seed", None, "N", "seed of the coin that orders the slots (default: drawn, and printed)", "integer"
    ),
    Option("inconclusive", "skip", "skip|fail|pass", "what an INCONCLUSIVE verdict becomes", "inconclusive"),
    Option("postgres", "auto", "auto|system|embedded|DSN", "where PostgreSQL comes from", "text"),
    Option("postgres-profile", "fast", "fast|durable", "how PostgreSQL is set", "profile"),
)
"""Options with a value; each is also `asyncbench_NAME` in ini (with underscores)."""

INI_ONLY: tuple[tuple[str, str, str, Any], ...] = (
    (
        "asyncbench_database_load",
        "what is loaded into the template database of a whole suite",
        "linelist",
        [],
    ),
    ("asyncbench_server", "the server of tests that name none, as 'package.module:SPEC'", "string", ""),
)


def add_options(parser: pytest.Parser) -> None:
    """Declare every option and ini key."""
    group = parser.getgroup("asyncbench", "performance statements about web services (pytest-asyncbench)")
    for option in OPTIONS:
        default = f" (default: {option.default})" if option.default else ""
        key = ini_key(option.name)
        group.addoption(
            f"--asyncbench-{option.name}", metavar=option.metavar, default=None, help=option.help + default
        )
        parser.addini(key, f"--asyncbench-{option.name}: {option.help}", default=None)
    smoke = "one checked request per variant, no verdicts: are the tests themselves sound?"
    group.addoption("--asyncbench-smoke", action="store_true", default=None, help=smoke)
    group.addoption(
        "--asyncbench-no-smoke",
        action="store_false",
        dest="asyncbench_smoke",
        help="undo asyncbench_smoke of ini",
    )
    parser.addini("asyncbench_smoke", f"--asyncbench-smoke: {smoke}", type="bool", default=False)
    group.addoption("--asyncbench-skip", action="store_true", help="deselect the tests that use load")
    group.addoption("--asyncbench-only", action="store_true", help="select only the tests that use load")
    for key, text, kind, default_value in INI_ONLY:
        parser.addini(key, text, type=kind, default=default_value)  # type: ignore[arg-type]


def ini_key(name: str) -> str:
    """The ini key of an option: `asyncbench_max_time` for "max-time"."""
    return "asyncbench_" + name.replace("-", "_")


def check(config: pytest.Config) -> None:
    """Check the value of every option that was given. Raises pytest.UsageError that names where it stands."""
    for option in OPTIONS:
        if config.getoption(ini_key(option.name)) is not None or config.getini(ini_key(option.name)):
            value(config, option.name)


def smoke(config: pytest.Config) -> bool:
    """Whether this run only checks that the load tests themselves are sound."""
    given = config.getoption("asyncbench_smoke")
    return bool(config.getini("asyncbench_smoke") if given is None else given)


def value(config: pytest.Config, name: str) -> Any:
    """The checked value of an option: times in seconds, numbers as numbers; None where nothing is set."""
    import pytest

    option = next(option for option in OPTIONS if option.name == name)
    key = ini_key(name)
    command_line, ini = config.getoption(key), config.getini(key)
    text = command_line if command_line is not None else ini or option.default
    if text is None:
        return None
    try:
        return _PARSERS[option.parse](str(text))
    except ValueError as error:
        where = f"--asyncbench-{name}" if command_line is not None else f"{key} in ini"
        raise pytest.UsageError(f"{where}: {error}") from None


def _time(text: str) -> float:
    from pytest_asyncbench.units import seconds

    try:
        return seconds(float(text))
    except ValueError:
        return seconds(text)


def _positive_time(text: str) -> float:
    if (time := _time(text)) <= 0:
        raise ValueError(f"{text!r} is no time above zero")
    return time


def _rounds(text: str) -> int:
    if text not in ("8", "12", "18", "30"):
        raise ValueError(f"{text!r} is not one of 8, 12, 18, 30 (the rounds at which the rule looks)")
    return int(text)


def _confidence(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0.5 <= number < 1:
        raise ValueError(f"{text!r} is no confidence; write a number from 0.5 to below 1, such as 0.95")
    return number


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is no whole number") from None


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"{text!r} is not one of {', '.join(choices)}")
        return text

    return parse


_PARSERS: dict[str, Callable[[str], Any]] = {
    "text": str,
    "time": _time,
    "positive_time": _positive_time,
    "rounds": _rounds,
    "confidence": _confidence,
    "integer": _integer,
    "inconclusive": _one_of("skip", "fail", "pass"),
    "profile": _one_of("fast", "durable"),
}
