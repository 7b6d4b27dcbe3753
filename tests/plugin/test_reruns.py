"""pytest-rerunfailures repeats the first verdict: measuring again would multiply the error rate."""

from __future__ import annotations


def test_the_first_verdict_is_repeated_and_nothing_is_measured_again(project):
    result = project.write("""
calls = []

@pytest.mark.server(many)
@pytest.mark.budget(rps=10000000)
def test_a_verdict(load):
    calls.append("verdict")
    load.get("/", rounds=8)

@pytest.mark.server(many)
def test_a_comparison(load):
    calls.append("comparison")
    run = load.get("/", rounds=8)
    assert run.rps > 10000000

@pytest.mark.server(many)
def test_a_body_that_fails_before_it_fires(load):
    calls.append("body")
    assert calls.count("body") == 3
    load.get("/", duration=0.2)

def test_somebody_elses():
    calls.append("other")
    assert calls.count("other") == 2

def test_what_was_called():
    assert calls == ["verdict", "comparison", *["body"] * 3, *["other"] * 2]
""").run("--reruns=2")
    result.assert_outcomes(failed=2, passed=3)
    result.stdout.fnmatch_lines(
        ["*FAIL rps >= 10,000,000*", "verdicts: 1 FAIL", "*2 failed, 3 passed, 7 rerun*"]
    )


def test_an_inconclusive_failure_stays_inconclusive(project):
    result = project.write("""
calls = []

@both
@pytest.mark.ordering("many", "one")
def test_too_short(load):
    calls.append(1)
    load.get("/slow", users=4, max_time="1.5s")

def test_once():
    assert calls == [1]
""").run("--reruns=1", "--asyncbench-inconclusive=fail")
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["verdicts: 1 INCONCLUSIVE", "*1 failed, 1 passed, 1 rerun*"])
