"""What cannot be meant is said before anything starts, and the message names what would be right."""

from __future__ import annotations

import pytest

MARKERS = [
    ("budget(rqs=3)", "no metric 'rqs'; there are rps, mean, p50"),
    ("budget(p95='soon')", "budget(p95=...): 'soon' is no time; write seconds or a string such as '250ms'"),
    ("budget(max='1s')", "max is shown, never judged"),
    ("budget()", "budget(...) takes metrics"),
    ("budget(errors=5)", "'0.1%'"),
    ("budget(rps=-3)", "-3 is no number of requests per second"),
    ("ordering('many', 'nobody')", "no variant 'nobody'; the variants are many, one"),
    ("ordering('many')", "name two or more different variants"),
    ("ordering('many', 'one', by='-5%')", "'-5%' is negative"),
    ("ordering('many', 'one', by=3)", "3 is ambiguous; write '3%' or '3x'"),
    ("ordering('many', 'one', metric='errors')", "errors cannot be ordered"),
    ("ordering('many', 'one', than=3)", "ordering(...) has no word 'than'"),
    ("tie('many', 'one', within=3)", "3 is ambiguous"),
    ("tie('many', 'one', within=0)", "nothing measured is exactly equal"),
    ("no_regression('many')", "name two different variants"),
]


@pytest.mark.parametrize(("marker", "message"), MARKERS, ids=[marker for marker, _ in MARKERS])
def test_a_marker_that_cannot_be_meant_is_a_usage_error(project, marker, message):
    result = project.write(f"""
@both
@pytest.mark.{marker}
def test_it(load):
    load.get("/")
""").run("--collect-only")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*test_it.py::test_it: *"])
    assert message in result.stderr.str()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("@pytest.mark.budget(rps=1)\ndef test_it(): pass", "does not use the load fixture"),
        ("@both\n@pytest.mark.server(one)\ndef test_it(load): pass", "server and variants at one level"),
        ("@pytest.mark.variants(a=3)\ndef test_it(load): pass", "variants(a=...): 3 is no server spec"),
        ("@pytest.mark.server('x:y')\ndef test_it(load): pass", "'x:y' is no server spec"),
        ("@pytest.mark.parametrize('server', [one])\ndef test_it(load, server): pass", "needs indirect=True"),
        (
            "@pytest.mark.database(load=['no.sql'])\n@pytest.mark.server(one)\ndef test_it(load): pass",
            "no.sql",
        ),
        (
            "@pytest.mark.database(load='a.sql')\n@pytest.mark.server(one)\ndef test_it(load): pass",
            "write a list",
        ),
    ],
    ids=["no-load", "two-servers", "no-spec", "no-spec-2", "not-indirect", "missing-sql", "no-list"],
)
def test_a_test_that_cannot_be_meant_is_a_usage_error(project, body, message):
    result = project.write(body).run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in result.stderr.str()


@pytest.mark.parametrize(("option", "ending"), [("--collect-only", 4), ("-n1", 0)])
def test_a_wrong_marker_without_a_run(project, option, ending):
    """A usage error also when tests are only listed; on a worker of xdist it would be an internal error."""
    result = project.write("""
@pytest.mark.ordering("many", "nobody")
@both
def test_it(load):
    load.get("/")
""").run(option, "-rs")
    assert result.ret == ending
    result.stdout.no_fnmatch_line("*INTERNALERROR*")


def test_what_is_deselected_is_not_checked(project):
    result = project.write("""
@both
@pytest.mark.budget(rqs=3)
def test_wrong(load):
    load.get("/")

def test_other():
    pass
""").run("-k", "other")
    result.assert_outcomes(passed=1, deselected=1)


CALLS = [
    ("get('/', users=0)", "users=0: users are a whole number from 1 up"),
    ("get('/', users=2.5)", "users=2.5"),
    ("get('/', duration='soon')", "'soon' is no time"),
    ("get('/', duration=0)", "longer than zero"),
    ("get('/', rounds=7)", "8, 12, 18, 30"),
    ("get('/', userz=3)", "no keyword 'userz'; it has users"),
    ("get('quote')", "begins with '/'"),
    ("get('/', expect='fine')", "expect='fine'"),
    ("get('/', name='')", "a name is a text"),
    ("post('/', json=object())", "object is not JSON serializable"),
    ("send('/')", "this is no request"),
]


@pytest.mark.parametrize(("call", "message"), CALLS, ids=[call for call, _ in CALLS])
def test_a_call_that_cannot_be_meant_fails_at_its_line(project, call, message):
    result = project.write(f"""
@pytest.mark.server(many)
def test_it(load):
    load.{call}
""").run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f">       load.{call}", "test_it.py:*Error"])
    assert message in result.stdout.str()
    assert "pytest_asyncbench/" not in result.stdout.str().replace("asyncbench-", "")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--asyncbench-rounds=7", "--asyncbench-rounds: '7' is not one of 8, 12, 18, 30"),
        ("--asyncbench-confidence=95", "write a number from 0.5 to 0.999"),
        ("--asyncbench-duration=soon", "'soon' is no time"),
        ("--asyncbench-slot=0", "no time above zero"),
        ("--asyncbench-inconclusive=maybe", "is not one of skip, fail, pass"),
        ("--asyncbench-postgres-profile=quick", "is not one of fast, durable"),
        ("--asyncbench-seed=x", "no whole number"),
    ],
)
def test_an_option_that_cannot_be_meant_is_a_usage_error(project, option, message):
    result = project.write("def test_it(): pass").run(option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in result.stderr.str()


def test_an_ini_value_is_checked_and_named(project):
    result = project.ini("asyncbench_max_time = forever").write("def test_it(): pass").run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "asyncbench_max_time in ini: 'forever' is no time" in result.stderr.str()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("granian('tiny:asgi', interface='asgi', threads=32)", "Granian has no threads under asgi"),
        ("granian('tiny:wsgi')", "say interface='wsgi', 'asgi' or 'rsgi'"),
        ("granian('tiny', interface='wsgi')", "write the app as 'package.module:attribute'"),
        ("granian('tiny:wsgi', interface='wsgi', workers=0)", "workers is a whole number from 1 up"),
        ("granian('tiny:wsgi', interface='wsgi', wrkers=2)", "has no word 'wrkers'"),
    ],
)
def test_a_spec_that_cannot_be_meant_fails_where_it_is_written(project, spec, message):
    result = project.write(f"spec = {spec}").run()
    result.assert_outcomes(errors=1)
    assert message in result.stdout.str()


def test_servers_that_do_not_start_say_why(project):
    result = project.write("""
from pytest_asyncbench import command

@pytest.mark.server(granian("nothing_here:wsgi", interface="wsgi"))
def test_import(load):
    load.get("/")

@pytest.mark.server(command(["sleep", "60", "{port}"], startup_timeout="300ms"))
def test_silent(load):
    load.get("/")

@pytest.mark.server(many.with_env(URL="{database.url}"))
def test_without_database(load):
    load.get("/")
""").run()
    result.assert_outcomes(errors=3)
    result.stdout.fnmatch_lines(
        [
            "ServerDied: granian-wsgi-1w-512t exited with 1 after *",
            "*Could not import 'nothing_here'*",
            "What to do: is 'nothing_here:wsgi' importable from *",
            "ServerNotReady: command did not answer within 0.3 s: waited for GET / *last seen:*refused*",
            "SpecError: '{database.url}' needs the test's database*@pytest.mark.database(...)*",
        ]
    )


def test_a_port_in_use_names_its_holder(project):
    import os
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = project.write(f"""
@pytest.mark.server(many.with_options(port={port}))
def test_it(load):
    load.get("/")
""").run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"PortInUse: port {port} is in use*(pid {os.getpid()})*"])
