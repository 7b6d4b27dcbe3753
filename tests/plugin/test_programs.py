"""Server programs of other packages, and load at servers that run already."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_asyncbench.servers import programs
from pytest_asyncbench.servers.factories import granian
from pytest_asyncbench.servers.instance import Launch, start_all, stop_all

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-server-program.md"

HOOK = """
from pytest_asyncbench import Program

class Mine(Program):
    def check(self, spec): pass
    def argv(self, spec, place): return []
    def mode(self, spec): return "mine"

def pytest_asyncbench_server_programs(config):
    return {result}
"""


def test_the_guide_adds_a_program(pytester):
    for name, body in re.findall(
        r"^```python file=(\S+)$\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL
    ):
        (pytester.path / name).write_text(body)
    (pytester.path / "pytest.ini").write_text(
        "[pytest]\nasyncbench_warmup = 300ms\nasyncio_default_fixture_loop_scope = function\npythonpath = .\n"
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_a_program_is_known_while_its_session_lasts(project):
    project.pytester.makeconftest(HOOK.replace("{result}", "{'mine': Mine()}"))
    result = project.write("""
from pytest_asyncbench import grid, serve, server_spec
def test_it():
    spec = server_spec("mine", "app:it", workers=2)
    assert (spec.mode, spec.concurrency, spec.keepalive, spec.label()) == ("mine", None, None, "mine-2w")
    assert spec.with_options(workers=3).workers == 3 and len(grid(spec, workers=[1, 2])) == 2
    with pytest.raises(ValueError, match="it runs requests as 'mine'"):
        serve("app:it", mode="sync", program="mine")
""").run()
    result.assert_outcomes(passed=1)
    assert "mine" not in programs.names()


def test_a_session_inside_a_session_has_programs_of_its_own(project):
    project.pytester.makeconftest(
        HOOK.replace("{result}", "{'mine': Mine()}") + "\npytest_plugins = ['pytester']\n"
    )
    inner = HOOK.replace("{result}", "{'mine': Mine(), 'other': Mine()}")
    result = project.write(f"""
from pytest_asyncbench.servers.programs import PROGRAMS, names

def test_it(pytester):
    pytester.makeini("[pytest]\\nasyncio_default_fixture_loop_scope = function")
    pytester.makeconftest({inner!r})
    pytester.makepyfile(test_inner='''
from pytest_asyncbench import server_spec

def test_inner():
    server_spec("mine", "a:b"), server_spec("other", "a:b")
''')
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
    assert names() == [*PROGRAMS, "mine"]
""").run()
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("{'granian': Mine()}", "there is a server program 'granian' already"),
        ("{'mine': Mine}", "give an instance of a subclass of Program"),
        ("{'mine': 5}", "the server program 'mine' is 5"),
    ],
)
def test_what_is_no_program_is_a_usage_error(project, given, why):
    project.pytester.makeconftest(HOOK.replace("{result}", given))
    result = project.write("def test_it(): pass").run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*pytest_asyncbench_server_programs: *{why}*"])


@pytest.fixture
def deployed(project):
    """Two servers of the project's app that nobody's test has started: their URLs."""
    spec = granian("tiny:wsgi", interface="wsgi", workers=1, threads=4)
    instances = start_all([Launch(spec, name, project.path) for name in ("many", "one")])
    yield [instance.url for instance in instances]
    assert [instance.died() for instance in instances] == [None, None], "they are left running"
    stop_all(instances)


NOT_STARTED = """
@pytest.mark.server(granian("no_such_app:it", interface="wsgi"))
def test_it(load, server):
    run = load.get("/", users=2, duration=0.5)
    assert float(run.rps) > 1 and server.url == URL and (server.pid, server.pids, server.log) == (None, [], "")
    for name in ("cpu_per_request", "memory"):
        with pytest.raises(Exception, match=name):
            getattr(run, name).value
"""


def test_the_same_test_runs_against_a_deployed_server(project, deployed):
    project.write(NOT_STARTED.replace("URL", repr(deployed[0])))
    result = project.run(f"--asyncbench-url={deployed[0]}")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*external*-*-*"])


def test_a_test_that_describes_no_server_has_the_deployed_one(project, deployed):
    project.write(
        "def test_it(load, server): assert server.url and load.get('/', users=1, duration=0.5).errors == 0"
    )
    project.run(f"--asyncbench-url={deployed[0]}").assert_outcomes(passed=1)


def test_the_url_may_stand_in_ini(project, deployed):
    project.write(NOT_STARTED.replace("URL", repr(deployed[0]))).ini(f"asyncbench_url = {deployed[0]}")
    project.run().assert_outcomes(passed=1)


def test_every_variant_has_its_url_and_no_database_is_started(project, deployed):
    urls = dict(zip(("many", "one"), deployed, strict=True))
    project.write(f"""
@both
@pytest.mark.database()
def test_it(load):
    run = load.get("/", users=2, duration=0.5)
    assert {{name: run[name].spec.url for name in run.variants}} == {urls}
""")
    result = project.run(f"--asyncbench-url=many={deployed[0]}", f"--asyncbench-url=one={deployed[1]}")
    result.assert_outcomes(passed=1)
    assert "PostgreSQL" not in result.stdout.str()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (
            ["http://127.0.0.1:1"],
            "*gives no URL for many, one (it has the one server of a test); write*many=URL*",
        ),
        (["many=http://127.0.0.1:1"], "*gives no URL for one (it has many=)*"),
        (["many=http://127.0.0.1:1", "many=http://127.0.0.1:2"], "*there is a URL for many already*"),
        (["127.0.0.1:8000"], "*--asyncbench-url: external('127.0.0.1:8000'): write the server's URL*"),
        (["http://127.0.0.1/shop"], "*paths belong to the load*"),
    ],
)
def test_a_url_that_cannot_be_meant_is_a_usage_error(project, options, why):
    result = project.write("@both\ndef test_it(load): pass").run(*(f"--asyncbench-url={o}" for o in options))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([why])


def test_a_deployed_server_that_does_not_answer_is_an_error_of_the_test(project):
    project.write("@pytest.mark.server(many.with_options(ready='/boom'))\ndef test_it(load): pass")
    from pytest_asyncbench.servers.ports import free_port

    result = project.run(f"--asyncbench-url=http://127.0.0.1:{free_port()}")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*external-127.0.0.1:* did not answer within 10 s: asked for /boom, *refused*"]
    )
