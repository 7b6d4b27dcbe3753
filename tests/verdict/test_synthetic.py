"""The figures of benchmarks/rule.py, with fewer runs: error, power and cost under many kinds of noise."""

from __future__ import annotations

from math import sqrt
from types import ModuleType

import pytest

RUNS = 1000


@pytest.fixture(scope="module")
def script(benchmark_script) -> ModuleType:
    return benchmark_script("rule")


@pytest.fixture(scope="module")
def table(script: ModuleType) -> dict[str, list[float]]:
    return {f"{s.shape} {s.noise}": script.measure(s, RUNS) for s in script.SETTINGS}


def column(table: dict[str, list[float]], number: int) -> float:
    """The mean of a column over all settings."""
    return sum(row[number] for row in table.values()) / len(table)


def test_wrong_verdicts_in_each_setting(table: dict[str, list[float]]) -> None:
    allowed = 0.05 + 2 * sqrt(0.05 * 0.95 / RUNS)
    assert {name: row[0] for name, row in table.items() if row[0] > allowed} == {}


def test_naive_peeking_is_found_out(table: dict[str, list[float]]) -> None:
    assert min(row[1] for row in table.values()) > 0.10


def test_a_fifth_more_is_found_in_each_setting(table: dict[str, list[float]]) -> None:
    assert {name: row[2] for name, row in table.items() if row[2] < 0.98} == {}


def test_power_and_rounds(table: dict[str, list[float]]) -> None:
    found_20, rounds_20, found_10, rounds_10 = (column(table, i) for i in (2, 3, 4, 5))
    assert found_20 >= 0.98
    assert rounds_20 <= 12
    assert found_10 >= 0.85
    assert rounds_10 <= 17


def test_only_a_coin_withstands_noise_in_step(script: ModuleType) -> None:
    for _, fixed, coin in script.schedules(RUNS):
        assert fixed > 0.9
        assert coin <= 0.08


def test_the_whole_table_prints(script: ModuleType) -> None:
    lines = list(script.lines(2))
    assert lines[2].count("|") == lines[3].count("|") == lines[-4].count("|")
    assert lines[-4].startswith("| mean |")
