"""Giving up, and how many rounds it would have taken."""

from __future__ import annotations

import pytest
from scipy.stats import norm, wilcoxon

from pytest_asyncbench.verdict.giving_up import evidence, hopeless, normal_quantile, rounds_needed
from pytest_asyncbench.verdict.signed_rank import walsh_averages


@pytest.mark.parametrize("upper_tail", [0.4999, 0.2, 0.025, 0.0146, 1e-6, 0.9])
def test_quantile_is_scipys(upper_tail: float) -> None:
    assert normal_quantile(upper_tail) == pytest.approx(norm.isf(upper_tail), abs=1e-9)


def test_evidence_is_scipys_z() -> None:
    data = [0.3, -0.1, 0.25, 0.4, -0.05, 0.6, 0.7, 0.15, 0.8]
    z = wilcoxon(data, method="approx", correction=False).zstatistic
    assert abs(evidence(walsh_averages(data), 0.0, len(data))) == pytest.approx(abs(z))
    assert evidence(walsh_averages([-d for d in data]), 0.0, len(data)) < 0


def test_hopeless_as_published() -> None:
    # t = 12/30, quantile of 0.0146 is 2.181: the bound is 0.6325 (2.181 - 1.645 x 0.7746) = 0.573
    assert hopeless(0.57, 12, 30, 0.0146)
    assert hopeless(-0.57, 12, 30, 0.0146)
    assert not hopeless(0.58, 12, 30, 0.0146)
    assert hopeless(1.1, 24, 30, 0.0146)


def test_rounds_needed_grow_with_the_square() -> None:
    near = rounds_needed(1.0, 30, 30, 0.025)
    far = rounds_needed(0.5, 30, 30, 0.025)
    assert near is not None
    assert far is not None
    assert far == pytest.approx(4 * near, rel=0.01)
    assert near == pytest.approx(30 * (norm.isf(0.025) + norm.isf(0.2)) ** 2, rel=0.01)


def test_rounds_needed_are_more_than_were_planned() -> None:
    assert rounds_needed(2.0, 12, 30, 0.025) == 31


@pytest.mark.parametrize("z", [0.0, 1e-6])
def test_no_reasonable_number_of_rounds(z: float) -> None:
    assert rounds_needed(z, 30, 30, 0.025) is None
