"""Statements become the outcome of their test."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree


def test_ordering_passes_and_fails_in_eight_rounds(project):
    result = project.write("""
@both
@pytest.mark.ordering("many", "one", by="50%")
def test_right(load):
    run = load.get("/slow", users=4)
    assert run["many"].rps > 1.5 * run["one"].rps
    assert run["one"].p50 > run["many"].p50
    assert run.ratio("many", "one").value > 1.5
    assert run["many"].errors == 0

@both
@pytest.mark.ordering("one", "many")
def test_wrong_way_round(load):
    load.get("/slow", users=4)
""").run("--junitxml=junit.xml")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "FAIL one > many in rps by more than 5 %: rps one / many 0.2*after 8 rounds*",
            "*variant*server*workers*threads*rps*mean*p50*p95*p99*errors*CPU/request*",
            "*PASS many > one in rps by more than 50 %*",
            "*8 rounds of *seed *",
            "*test_wrong_way_round: FAIL, see above",
        ]
    )
    names = {p.get("name") for p in ElementTree.parse(project.path / "junit.xml").iter("property")}
    assert {"GET /slow/many/rps", "GET /slow/one/p50", "GET /slow/one/errors"} <= names


def test_tie_and_no_regression(project):
    result = project.write("""
same = pytest.mark.variants(a=many, b=many)

@same
@pytest.mark.tie("a", "b", metric="p50", within="100%")
@pytest.mark.no_regression("a", "b", metric="mean", within="100%")
def test_alike(load):
    load.get("/slow", users=2)

@both
@pytest.mark.no_regression("one", "many", within="50%")
def test_regressed(load):
    load.get("/slow", users=4)
""").run()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["FAIL one is not worse than many in rps by 50 %*confirmed on 1 fresh launch*"]
    )


def test_budgets(project):
    result = project.write("""
pytestmark = pytest.mark.server(many)

@pytest.mark.budget(rps=5, p50="2s", errors="0.1%")
def test_kept(load):
    load.get("/", users=2)

@pytest.mark.budget(rps=">= 10000000")
def test_out_of_reach(load):
    load.get("/", users=2)

@pytest.mark.budget(p50="1ms")
def test_too_slow(load):
    load.get("/slow", users=2)
""").run()
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["FAIL rps >= 10,000,000: *", "FAIL p50 <= 1.00 ms: *"])


def test_errors_fail_every_test_unless_they_are_allowed(project):
    result = project.write("""
pytestmark = pytest.mark.server(many)

def test_errors(load):
    load.get("/boom", users=2)

@pytest.mark.budget(errors="100%")
def test_allowed(load):
    run = load.get("/boom", users=2, duration=0.5)
    assert run.outcomes["bad_status"] > 0 and run.rps.value == 0 and run.errors == 1

def test_two_in_a_hundred(load):
    load.get("/flaky", users=2, duration=0.5)

@pytest.mark.budget(errors="5%")
def test_two_in_a_hundred_are_allowed(load):
    load.get("/flaky", users=2, duration=0.5)

def test_expected(load):
    load.get("/boom", users=2, duration=0.5, expect=500)
""").run("-v")
    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines(
        ["*FAIL errors <= 0.10 %: errors 100 % > 0.10 %*", "*500 Internal Server Error*"]
    )


def test_a_claim_about_a_server_that_fails_is_invalid(project):
    result = project.write("""
@both
@pytest.mark.ordering("many", "one")
def test_fast_errors(load):
    load.get("/boom", users=4)
""").run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["INVALID many > one in rps by more than 5 %: rps of a server that fails says nothing*"]
    )


def test_a_server_that_is_killed_makes_the_run_invalid(project):
    result = project.write("""
import os, signal, threading

@pytest.mark.server(many)
@pytest.mark.budget(rps=1)
def test_killed(server, load):
    threading.Timer(1.0, os.kill, (server.pid, signal.SIGKILL)).start()
    load.get("/slow", users=2, timeout="1s")
""").run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["INVALID rps >= 1.00*was killed by signal 9*"])


def test_a_server_that_never_answers_is_invalid(project):
    result = project.write("""
from pytest_asyncbench import command

SILENT = "import socket, sys, time; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); time.sleep(600)"

@pytest.mark.server(command(["{python}", "-c", SILENT, "{port}"], ready=None))
@pytest.mark.budget(rps=1)
def test_silent(load):
    load.get("/", users=2, timeout="500ms")
""").run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["INVALID rps >= 1.00*not one request was answered (*timeout*)*"])


def test_statements_that_nothing_was_fired_for_are_invalid(project):
    result = project.write("""
pytestmark = pytest.mark.server(many)

@pytest.mark.budget(rps=1)
def test_forgotten(load):
    pass

@pytest.mark.budget(rps=1, run="checkout")
def test_misnamed(load):
    load.get("/", duration=0.2)

def test_nothing_stated(load):
    pass
""").run()
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["INVALID: *never fired any*", "INVALID: no load call was named 'checkout'*"])


def test_a_failing_body_comes_before_every_verdict(project):
    result = project.write("""
@pytest.mark.server(many)
@pytest.mark.budget(rps=10000000)
def test_body(load):
    load.get("/", duration=0.2)
    assert 1 == 2
""").run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*assert 1 == 2*", "*FAILED*test_body*assert 1 == 2*"])


UNDECIDED = """
@both
@pytest.mark.ordering("many", "one")
def test_too_short(load):
    load.get("/slow", users=4, max_time="1.5s")
"""


def test_inconclusive_becomes_what_the_option_says(project):
    project.write(UNDECIDED)
    result = project.run("-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["verdicts: 1 INCONCLUSIVE", "SKIPPED*test_it.py:*INCONCLUSIVE many > one*"])
    project.run("--asyncbench-inconclusive=fail").assert_outcomes(failed=1)
    project.run("--asyncbench-inconclusive=pass").assert_outcomes(passed=1)


def test_an_undecided_comparison_in_the_body_is_inconclusive(project):
    result = project.write("""
@both
def test_plain_assert(load):
    run = load.get("/slow", users=4, duration=0.4)
    assert run["many"].rps > run["one"].rps
""").run("-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["verdicts: 1 INCONCLUSIVE", "SKIPPED*undecided*rounds=30*"])


def test_values_of_two_calls_do_not_compare(project):
    result = project.write("""
@pytest.mark.server(many)
def test_two(load):
    a = load.get("/", duration=0.2)
    b = load.get("/slow", duration=0.2)
    with pytest.raises(TypeError, match="two load calls"):
        assert a.rps > b.rps
    with pytest.raises(TypeError):
        bool(a.rps)
    assert b.ok > a.ok  # every ok answer since the servers were started
""").run()
    result.assert_outcomes(passed=1)


def test_a_failing_assert_explains_itself(project):
    project.write("""
@both
def test_sampled(load):
    run = load.get("/slow", users=4, rounds=8)
    assert run["one"].rps > 1.2 * run["many"].rps
""")
    for how in ("rewrite", "plain"):
        result = project.run(f"--assert={how}")
        result.assert_outcomes(failed=1)
        result.stdout.re_match_lines(
            [
                r"E .*<one\.rps = .* \[.*\], 8 rounds> > <1\.2 x many\.rps = .* \[.*\], 8 rounds>",
            ]
        )
        result.stdout.re_match_lines([r"E .*not so: ratio 0\.\d+ \[0\.\d+, 0\.\d+\] after 8 rounds"])
