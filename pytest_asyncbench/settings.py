"""The values of the options: read, checked, and told where they stand when they are wrong."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from pytest_asyncbench.errors import ProcessError, RevisionError, SpecError
from pytest_asyncbench.options import OPTIONS
from pytest_asyncbench.servers import programs
from pytest_asyncbench.servers.external import split
from pytest_asyncbench.servers.instance import interpreter
from pytest_asyncbench.units import factor, seconds

if TYPE_CHECKING:
    from pytest_asyncbench.baseline.revision import Revision
    from pytest_asyncbench.servers.programs import Program

MOST_AGENTS = 64
"""Load agents on one machine; each is a process that wants a core of its own."""


def check(config: pytest.Config) -> None:
    """Check every option. Raises pytest.UsageError that names where the wrong one stands."""
    for option in OPTIONS:
        option_value(config, option.name)


def add_programs(config: pytest.Config, added: Iterable[Mapping[str, Program]]) -> None:
    """Make the server programs of other packages known for this session. Raises pytest.UsageError."""
    try:
        programs.enter(added)
    except SpecError as error:
        raise pytest.UsageError(f"pytest_asyncbench_server_programs: {error}") from None
    config.add_cleanup(programs.leave)


def revision(config: pytest.Config) -> Revision | None:
    """The git revision that this run is compared with; None without one. Raises pytest.UsageError."""
    name = option_value(config, "against")
    if not name:
        for option in ("against-python", "against-all"):
            if config.getoption(f"asyncbench_{option.replace('-', '_')}"):
                raise pytest.UsageError(f"--asyncbench-{option} needs --asyncbench-against=REV")
        return None
    from pytest_asyncbench.baseline.revision import find_revision

    try:
        found = find_revision(name, config.rootpath)
        interpreter(option_value(config, "against-python") or None, config.rootpath)
    except RevisionError as error:
        raise pytest.UsageError(f"--asyncbench-against={name}: {error}") from None
    except ProcessError as error:
        raise pytest.UsageError(f"--asyncbench-against-python: {error}") from None
    return found


def judges_all(config: pytest.Config) -> bool:
    """Whether load tests that state nothing about a baseline are judged against the revision, too."""
    given = config.getoption("asyncbench_against_all")
    return bool(config.getini("asyncbench_against_all") if given is None else given)


def is_smoke(config: pytest.Config) -> bool:
    """Whether this run only checks that the load tests themselves are sound."""
    given = config.getoption("asyncbench_smoke")
    return bool(config.getini("asyncbench_smoke") if given is None else given)


def option_value(config: pytest.Config, name: str) -> Any:
    """The checked value of an option: times in seconds, numbers as numbers; None where nothing is set.

    Raises pytest.UsageError for a value that cannot be meant.
    """
    option = next(option for option in OPTIONS if option.name == name)
    command_line, ini = _text(config.getoption(option.key)), _text(config.getini(option.key))
    text = command_line if command_line is not None else ini or option.default
    if text is None:
        return None
    try:
        return CHECKS[option.kind](str(text))
    except ValueError as error:
        where = f"--asyncbench-{name}" if command_line is not None else f"{option.key} in ini"
        raise pytest.UsageError(f"{where}: {error}") from None


def upstream_port(config: pytest.Config) -> int | None:
    """The fixed port of the upstream; None: a free one. Raises pytest.UsageError for what is no port."""
    text = str(config.getini("asyncbench_upstream_port"))
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise pytest.UsageError(
            f"asyncbench_upstream_port = {text} in ini: a port is a number from 1 to 65535"
        )
    return int(text)


def _text(given: Any) -> Any:
    """What was given; of an option that may be given several times, all of it."""
    return " ".join(given) or None if isinstance(given, list) else given


def timeout(item: pytest.Item) -> float:
    """Seconds after which pytest-timeout ends a test; infinite without it."""
    mark = item.get_closest_marker("timeout")
    given: Any = None
    if mark is not None:
        given = mark.args[0] if mark.args else mark.kwargs.get("timeout")
    elif item.config.pluginmanager.hasplugin("timeout"):
        given = item.config.getoption("timeout", None)
        given = item.config.getini("timeout") if given is None else given
    return float(given or 0) or math.inf


def _time(text: str) -> float:
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
    if not 0.5 <= number <= 0.999:
        raise ValueError(f"{text!r} is no confidence; write a number from 0.5 to 0.999, such as 0.95")
    return number


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is no whole number") from None


def _agents(text: str) -> int | str:
    """A number of processes here, or the address of a Dask scheduler."""
    if "://" in text:
        from pytest_asyncbench.agent.cluster import host_and_port

        host_and_port(text)
        return text
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= MOST_AGENTS:
        raise ValueError(
            f"{text!r} is no number of processes from 1 to {MOST_AGENTS}, and no dask://HOST:PORT"
        )
    return number


def _urls(text: str) -> dict[str, str]:
    """ "URL", or "VARIANT=URL" for each variant; the URL of a test's one server is under ""."""
    out: dict[str, str] = {}
    for part in text.split():
        name, equals, url = part.partition("=")
        if not equals or "://" in name:
            name, url = "", part
        if name in out:
            raise ValueError(f"{part!r}: there is a URL for {name or 'the one server of a test'} already")
        split(url)
        out[name] = url
    return out


def _saved(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}", text):
        raise ValueError(f"{text!r} is no name for a kept run; use letters, digits, '.', '-' and '_'")
    return text


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"{text!r} is not one of {', '.join(choices)}")
        return text

    return parse


CHECKS: dict[str, Callable[[str], Any]] = {
    "text": str,
    "time": _time,
    "positive_time": _positive_time,
    "rounds": _rounds,
    "confidence": _confidence,
    "factor": factor,
    "integer": _integer,
    "agents": _agents,
    "urls": _urls,
    "inconclusive": _one_of("skip", "fail", "pass"),
    "saved": _saved,
    "profile": _one_of("fast", "durable"),
}
