"""Every option: which source wins, and which values are refused, with the place where they stand."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from pytest_asyncbench import options, settings


@dataclass
class Config:
    """As much of pytest's configuration as options are read from."""

    given: dict[str, object] = field(default_factory=dict)
    ini: dict[str, object] = field(default_factory=dict)

    def getoption(self, name: str) -> object:
        return self.given.get(name)

    def getini(self, name: str) -> object:
        return self.ini.get(name)


def key(name: str) -> str:
    return next(option.key for option in options.OPTIONS if option.name == name)


def test_command_line_before_ini_before_default():
    name, ini = "max-time", "asyncbench_max_time"
    assert settings.option_value(Config(), name) == 300.0
    assert settings.option_value(Config(ini={ini: "2m"}), name) == 120.0
    assert settings.option_value(Config({ini: "1s"}, {ini: "2m"}), name) == 1.0


def test_what_nobody_set_is_none():
    config = Config()
    assert {
        name: settings.option_value(config, name) for name in ("duration", "warmup", "rounds", "seed")
    } == {
        "duration": None,
        "warmup": None,
        "rounds": None,
        "seed": None,
    }


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("duration", "250ms", 0.25),
        ("duration", "5", 5.0),
        ("slot", "1s", 1.0),
        ("warmup", "0", 0.0),
        ("rounds", "18", 18),
        ("confidence", "0.99", 0.99),
        ("seed", "7", 7),
        ("agents", "3", 3),
        ("inconclusive", "fail", "fail"),
        ("postgres", "postgresql://localhost/x", "postgresql://localhost/x"),
        ("postgres-profile", "durable", "durable"),
    ],
)
def test_texts_become_values(name, text, value):
    assert settings.option_value(Config({key(name): text}), name) == value


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("duration", "soon", "'soon' is no time"),
        ("slot", "0", "'0' is no time above zero"),
        ("max-time", "-5", "'-5' is no time"),
        ("max-time", "nan", "'nan' is no time"),
        ("rounds", "10", "'10' is not one of 8, 12, 18, 30"),
        ("confidence", "95", "'95' is no confidence; write a number from 0.5 to 0.999"),
        ("confidence", "high", "'high' is no confidence"),
        ("seed", "x", "'x' is no whole number"),
        ("agents", "0", "'0' is no number of processes from 1 to 64"),
        ("agents", "two", "'two' is no number of processes from 1 to 64"),
        ("agents", "65", "'65' is no number of processes from 1 to 64"),
        ("agents", "dask://host", "'dask://host' is no address of a Dask scheduler; write dask://HOST:PORT"),
        ("agents", "http://host:8786", "is no address of a Dask scheduler"),
        ("inconclusive", "ignore", "'ignore' is not one of skip, fail, pass"),
        ("postgres-profile", "slow", "'slow' is not one of fast, durable"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(name, text, why):
    given = key(name)
    with pytest.raises(pytest.UsageError) as caught:
        settings.check(Config({given: text}))
    assert str(caught.value).startswith(f"--asyncbench-{name}: ")
    assert why in str(caught.value)
    with pytest.raises(pytest.UsageError, match=f"^{given} in ini: "):
        settings.check(Config(ini={given: text}))


def test_whether_anything_is_given():
    assert not options.are_given(Config())
    assert options.are_given(Config({"asyncbench_seed": "1"}))
    assert options.are_given(Config(ini={"asyncbench_seed": "1"}))


def test_every_default_passes_its_own_check():
    settings.check(Config({option.key: option.default for option in options.OPTIONS}))


@pytest.mark.parametrize(
    ("given", "ini", "smoke"),
    [(None, False, False), (None, True, True), (True, False, True), (False, True, False)],
)
def test_smoke_can_be_switched_off_on_the_command_line(given, ini, smoke):
    assert settings.is_smoke(Config({"asyncbench_smoke": given}, {"asyncbench_smoke": ini})) is smoke


@pytest.mark.parametrize(
    ("marker", "option", "ini", "seconds"),
    [
        (None, None, None, math.inf),
        (None, None, "300", 300.0),
        (None, 60.0, "300", 60.0),
        (pytest.mark.timeout(5).mark, 60.0, "300", 5.0),
        (pytest.mark.timeout(timeout=7).mark, 60.0, "300", 7.0),
        (pytest.mark.timeout(0).mark, 60.0, "300", math.inf),
    ],
)
def test_when_pytest_timeout_would_end_a_test(marker, option, ini, seconds):
    config = Mock()
    config.getoption.return_value = option
    config.getini.return_value = ini
    item = SimpleNamespace(config=config, get_closest_marker=lambda name: marker)
    assert settings.timeout(item) == seconds
    config.pluginmanager.hasplugin.return_value = False
    if marker is None:
        assert settings.timeout(item) == math.inf
