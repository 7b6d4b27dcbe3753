"""A ramp, and several agents, on real servers."""

from __future__ import annotations

import pytest


def test_the_knee_of_four_threads(project):
    """4 threads and 50 ms per request: 80 per second, from 4 users on."""
    result = project.write(
        """
@pytest.mark.server(many)
@pytest.mark.budget(mean="1s")
def test_it(load):
    ramp = load.ramp("/slower", users=(1, 16), duration=0.5)
    assert ramp.knee.value > 1 and len(ramp.steps) > 2
    assert 2 < ramp.knee.value < 8, ramp.knee
    assert ramp.slo_limit.value >= 4
    assert "no cliff up to 16 users" in ramp.find("cliff")
"""
    ).run()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "GET /slower: ramp from 1 to 16 users, 0.5 s each on granian",
            "*CPU/request*",
            "*knee: * Kneedle *",
            "*limiter at 16 users: *",
        ]
    )


def test_a_ramp_ends_at_the_cliff_and_passes(project):
    """The server errs as soon as more than three requests are inside at once."""
    result = project.write(
        """
@pytest.mark.server(many)
def test_it(load):
    ramp = load.ramp("/crowded", users=(2, 16), steps=[2, 8, 16], duration=0.3)
    assert ramp.loads == (2, 8)
    assert (ramp.cliff.value, ramp.cliff.low) == (8, 2)
"""
    ).run()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*cliff: 8 *2, 8* users", "*at 8 users, server: * requests were not ok*"])


def test_a_ramp_of_rates_finds_where_the_server_stops_following(project):
    """4 threads and 50 ms per request: 80 per second, whatever is asked for."""
    result = project.write(
        """
@pytest.mark.server(many)
@pytest.mark.budget(p50="300ms")
def test_it(load):
    ramp = load.ramp("/slower", rate=(20, 160), steps=[20, 40, 160], duration=1)
    assert ramp.unit == "1/s" and ramp.loads == (20, 40, 160)
    assert [round(run.rps.value) for run in ramp.steps[:2]] == [20, 40]
    assert ramp.slo_limit.value == 40 and ramp.slo_limit.high == 160
    assert 60 < ramp.knee.value < 85
"""
    ).run()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["GET /slower: ramp from 20 to 160 per second, 1 s each on granian", "  knee: * 1/s = X_max*"]
    )


def test_a_ramp_of_a_mix_and_of_a_flow(project):
    project.write(
        """
from pytest_asyncbench import mix, request

async def visit(client):
    await client.get("/slow")

@pytest.mark.server(many)
def test_mix(load):
    ramp = load.ramp(mix({request("GET", "/"): 1, request("GET", "/slow"): 3}), users=(1, 4), duration=0.3)
    assert list(ramp.steps[0].steps) == ["GET /", "GET /slow"]

@pytest.mark.server(many)
def test_flow(load):
    ramp = load.ramp(visit, users=(1, 4), duration=0.3)
    assert ramp.steps[-1].steps["GET /slow"].errors == 0

@pytest.mark.server(many)
def test_what_differs(load):
    with pytest.raises(ValueError, match="every plateau of a ramp sends the same requests"):
        load.ramp(request("POST", "/", json=lambda i: i), users=(1, 4))
"""
    ).run().assert_outcomes(passed=3)


def test_a_ramp_in_a_smoke_run(project):
    project.write(
        """
@pytest.mark.server(one)
def test_it(load):
    ramp = load.ramp("/ok", users=(1, 16))
    assert ramp.knee.value > 1
"""
    ).run("--asyncbench-smoke").assert_outcomes(passed=1)


def test_the_words_of_a_ramp_are_checked(project):
    result = project.write(
        """
@pytest.mark.server(one)
def test_it(load):
    load.ramp("/ok", users=64)
"""
    ).run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*load.ramp('/ok'): users=64: write the lowest and the highest*"])


def test_two_agents(project):
    project.write(
        """
@pytest.mark.server(many)
def test_it(load):
    run = load.get("/slow", users=5, duration="600ms")
    assert run.evidence.rounds[0][0].samples.connections == 5
    assert run.errors == 0
"""
    ).run("--asyncbench-agents=2").assert_outcomes(passed=1)


def test_a_lost_agent_makes_the_run_invalid_and_the_next_test_has_another(project):
    result = project.write(
        """
import os, signal
from pytest_asyncbench.items import bench

@pytest.mark.server(one)
def test_lost(load, request):
    os.kill(bench(request.config).agent().pid, signal.SIGKILL)
    load.get("/ok", users=2, duration="200ms")

@pytest.mark.server(one)
def test_next(load):
    assert load.get("/ok", users=2, duration="200ms").errors == 0
"""
    ).run()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*INVALID errors *: the load agent (pid *) was lost: *"])


@pytest.mark.parametrize(
    "address", ["dask://scheduler", "tcp://scheduler:8786", "dask://:8786", "dask://a:1/b"]
)
def test_an_address_of_agents_that_is_none(project, address):
    result = project.write("def test_it(load): pass").run(f"--asyncbench-agents={address}")
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        [f"*--asyncbench-agents: '{address}' is no address of a Dask scheduler; write dask:*"]
    )
