"""What the self-check makes of its rounds."""

from __future__ import annotations

from random import Random

import pytest

from pytest_asyncbench.selfcheck.figures import Noise, complaints, known, noise_of, report
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.power import deviations_found, smallest_found


def test_noise_of_slots_and_of_launches(make_evidence):
    random = Random("noise")

    def launch(rounds):
        shift = random.gauss(0, 0.04)
        return make_evidence(
            {
                "a": [100 * (1 + shift + random.gauss(0, 0.02)) for _ in range(rounds)],
                "b": [100 * (1 + random.gauss(0, 0.02)) for _ in range(rounds)],
            }
        )

    noise = noise_of("rps", [launch(20) for _ in range(300)], "a", "b")
    assert noise.slot == pytest.approx(0.02, rel=0.1)
    assert noise.launch == pytest.approx(0.04 / 2**0.5, rel=0.1)
    assert noise.launches == 300


def test_what_cannot_be_known_is_left_out(make_evidence):
    evidence = make_evidence({"a": [100.0] * 8, "b": [100.0] * 8})
    assert [noise.metric for noise in known(("rps", "cpu_per_request"), [evidence] * 2, "a", "b")] == ["rps"]
    assert known(("rps",), [evidence], "a", "b") == []


def test_complaints_of_all_launches(make_evidence):
    rates = {"a": [100.0] * 8, "b": [100.0] * 8}
    broken = make_evidence(rates, complaints=("the agent was lost",))
    restless = make_evidence(rates, voided=("steal",) * 2)
    found = complaints([broken, broken, restless, make_evidence(rates)])
    assert found[0] == "the agent was lost"
    assert found[1].startswith("the machine was not at rest: 2 of 10 rounds")
    assert len(found) == 2


@pytest.mark.parametrize(
    ("slot", "launch", "advice"),
    [
        (0.02, 0.0, "this machine is quiet: differences of a tenth are found in 8 to 18 rounds"),
        (0.08, 0.04, "this machine is fairly noisy: claim differences of a fifth, or judge cpu_per_request"),
        (0.2, 0.0, "this machine is very noisy: stop what else runs on it"),
        (0.02, 0.03, "; launches may differ by more than the allowance: --asyncbench-launch-allowance=9%"),
    ],
)
def test_advice(slot, launch, advice):
    lines = report([Noise("rps", slot, launch, 3)], 90_000.0, 1.5, 1.05, Effort())
    assert advice in lines[-1]
    assert lines[0].startswith(f"rps: slots differ by {slot:.1%}, launches by about {launch:.1%}")
    assert " in 8 rounds (12 s), " in lines[1]
    assert lines[2] == "load agents: up to about 90,000 small requests per second"


def test_the_smallest_difference_is_found_by_four_in_five():
    found = [deviations_found(rounds, Effort()) for rounds in (8, 18, 30)]
    assert found == sorted(found, reverse=True)
    # all eight rounds above zero, each with a probability of 0.8 ** (1 / 8): 1.92 deviations
    assert found[0] == pytest.approx(1.92, abs=0.15)
    assert smallest_found(0.05, 8, Effort()) == pytest.approx(1.10, abs=0.01)
    assert smallest_found(0.0, 8, Effort()) == 1.0
