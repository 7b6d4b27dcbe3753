"""Against a git revision: real repositories, real servers of both, in the same rounds."""

from __future__ import annotations

import fnmatch
import json
import os
import signal
import subprocess
import sys
import time
import venv

import pytest

APP = """
import time

COST = 0.003

def wsgi(environ, start_response):
    path = environ["PATH_INFO"]
    end = time.thread_time() + (COST if path == "/busy" else 0)
    while time.thread_time() < end:
        pass
    found = path in ("/", "/busy", "/quick")
    body = b"ok" if found else b"not found"
    status = "200 OK" if found else "404 Not Found"
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
"""
SLOWER = APP.replace("COST = 0.003", "COST = 0.0039")
MANY = "many = granian('app:wsgi', interface='wsgi', workers=1, threads=1)\n"
# CPU time, which is the same on a machine that is busy with other things: elsewhere it would be rps.
BUSY = (
    MANY
    + """
@pytest.mark.server(many)
@pytest.mark.no_regression(metric="cpu_per_request", within="10%")
def test_it(load):
    run = load.get("/busy", users=1)
    assert run.cpu_per_request.value > 0, "the value of the head, although there are two servers"
"""
)
QUICK = (
    MANY
    + """
@pytest.mark.server(many)
@pytest.mark.no_regression(within="100%")
@pytest.mark.budget(errors="1%")
def test_it(load):
    load.get("/quick", users=2, duration="400ms")
"""
)
PATIENCE = 60.0


@pytest.fixture
def checkout(project, make_repository, monkeypatch):
    """A project in a repository, with the app committed; its rounds are those of the project."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    (project.path / ".gitignore").write_text("__pycache__\n.cache\ntmp\ntold\n")
    project.repository = make_repository(project.path)
    project.repository.commit("The base", app=APP)
    return project


def run(checkout, *arguments: str):
    """Run pytest, and see to it that the repository is as before."""
    before = checkout.repository.state()
    result = checkout.run(*arguments)
    assert checkout.repository.state() == before
    return result


def test_a_planted_slowdown_fails_and_names_metric_ratio_and_interval(checkout):
    checkout.write(BUSY).repository.commit("With a test")
    checkout.repository.write(app=SLOWER)  # and not committed: the dirty checkout is the head
    result = run(checkout, "--asyncbench-against=main", "--asyncbench-launch-allowance=0.1%")
    result.assert_outcomes(failed=1)
    assert_said(result, "confirmed on 1 fresh launch: 0.")
    result.stdout.re_match_lines(
        [
            r"FAIL server is not worse than server@main in cpu_per_request by 10 %: .* 0\.[678]\d* \[0\.\d+, 0\.\d+\]",
            r"\s+server@main +granian wsgi",
            r".*main is [0-9a-f]{8} \(With a test\)",
        ]
    )


def test_a_head_that_is_equal_to_its_base_does_not_fail(checkout):
    checkout.write(BUSY).repository.commit("With a test")
    result = run(checkout, "--asyncbench-against=HEAD", "--asyncbench-rounds=8")
    outcomes = result.parseoutcomes()
    assert "failed" not in outcomes
    assert "errors" not in outcomes
    result.stdout.fnmatch_lines(["* server is not worse than server@HEAD in cpu_per_request by 10 %: *"])


DATABASE = (
    """
import os
"""
    + MANY
    + """
@pytest.mark.database(load=["schema.sql"])
@pytest.mark.server(many)
@pytest.mark.no_regression(within="100%")
@pytest.mark.budget(errors="0.1%")
def test_it(load, database):
    with database.connect() as connection:
        names = connection.execute("select name from item").fetchall()
    assert names == [("new",)]
    run = load.get("/quick", users=2, duration="400ms")
    assert run.ok > 0
"""
)
READS = """
import os, psycopg

connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)

def wsgi(environ, start_response):
    name = connection.execute("select {column} from item").fetchone()[0]
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(name)))])
    return [name.encode()]
"""


def test_each_revision_loads_its_own_schema(checkout):
    checkout.write(DATABASE)
    old = "create table item (title text); insert into item values ('old');"
    new = "create table item (name text); insert into item values ('new');"
    checkout.repository.commit("Old", app=READS.format(column="title"), **{"schema.sql": old})
    checkout.repository.write(app=READS.format(column="name"), **{"schema.sql": new})
    told = checkout.path / ".cache" / "r.json"
    result = run(checkout, "--asyncbench-against=main", f"--asyncbench-json={told}")
    outcomes = result.parseoutcomes()
    assert "failed" not in outcomes, result.stdout.str()
    _check_what_is_told_of_both(json.loads(told.read_text()), checkout.repository)
    result.stdout.fnmatch_lines(["* server is not worse than server@main in rps by 100 %: *"])
    result.stdout.no_fnmatch_line("*not comparable*")


def _check_what_is_told_of_both(report, repository):
    """Which variant is of which revision, how each was launched, and what both wrote."""
    [test] = report["tests"]
    assert set(test["logs"]) == {"server", "server@main"}
    [run] = test["loads"][0]["runs"]
    revisions = {variant["name"]: variant.get("revision") for variant in run["variants"]}
    main = {"commit": repository.git("rev-parse", "main").strip(), "branch": "main", "dirty": False}
    assert revisions == {"server": None, "server@main": main}
    launches = run["provenance"]["launches"]
    assert launches["server"]["cwd"] == str(repository.path)
    assert launches["server@main"]["cwd"] != str(repository.path)
    assert launches["server@main"]["packages"]["psycopg"]
    assert launches["server"]["env"]["PGPASSWORD"] == "(not kept)"
    assert run["provenance"]["postgresql"]["settings"]["jit"] == "off"


def test_a_schema_that_does_not_load_there(checkout):
    checkout.write(DATABASE)
    new = "create table item (name text); insert into item values ('new');"
    checkout.repository.commit("Old", **{"schema.sql": "create table item (name text; -- oops"})
    checkout.repository.git("rm", "-q", "schema.sql")
    checkout.repository.commit("Without a schema")
    checkout.repository.write(**{"schema.sql": new})
    for revision, why in (
        ("main~1", "*ERROR: syntax error*"),
        ("main", "*the SQL file 'schema.sql' is not there*"),
    ):
        result = run(checkout, f"--asyncbench-against={revision}")
        result.assert_outcomes(passed=1)
        result.stdout.fnmatch_lines(["*PASS errors <= 0.10 %*"])
        assert_said(result, f"note: server@{revision}: not comparable: {why}")


def test_what_is_not_comparable_is_said_and_everything_else_is_judged(checkout):
    checkout.write(QUICK)
    base = checkout.repository
    base.commit("Import broken", app="import there_is_no_such_module\n" + APP)
    base.git("tag", "broken")
    base.commit("No such endpoint", app=APP.replace('"/quick"', '"/other"'))
    base.git("tag", "without-endpoint")
    base.git("rm", "-q", "app.py")
    base.commit("No app")
    base.git("tag", "without-app")
    base.commit("All there", app=APP)
    for tag, why in (
        ("broken", "*ModuleNotFoundError: No module named 'there_is_no_such_module'*"),
        ("without-endpoint", "*1 bad_status, first: 404 Not Found*"),
        ("without-app", "*Could not import 'app'*"),
    ):
        result = run(checkout, f"--asyncbench-against={tag}")
        result.assert_outcomes(passed=1)
        assert_said(result, f"note: server@{tag}: not comparable: {why}")
        result.stdout.fnmatch_lines(["*PASS errors <= 1.0* %: *"])
        result.stdout.no_fnmatch_line("*is not worse than*")


def test_a_server_that_dies_under_load_leaves_the_head_its_verdict(checkout):
    dies = APP.replace(
        "COST = 0.003", "COST = 0.003\nimport itertools, os\ncount = itertools.count()"
    ).replace(
        '    path = environ["PATH_INFO"]',
        '    path = environ["PATH_INFO"]\n    if next(count) > 100: os._exit(1)',
    )
    checkout.write(QUICK).repository.commit("Dies", app=dies)
    checkout.repository.write(app=APP)
    result = run(checkout, "--asyncbench-against=main")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*PASS errors <= 1.0* %: *", "*note: server@main: not comparable: *"])


def test_variants_requests_that_are_compared_and_all_tests(checkout):
    checkout.write(
        MANY
        + """
from pytest_asyncbench import request

@pytest.mark.variants(a=many, b=many.with_options(threads=2))
@pytest.mark.ordering("a", "b", by="0%")
def test_variants(load):
    run = load.get("/quick", users=2, rounds=8, duration="400ms")
    assert run["a"].rps.value > 0 and run["b@main"].ok > 0

@pytest.mark.server(many)
def test_compared(load):
    run = load.compare(x=request("GET", "/quick"), y=request("GET", "/"), users=2, duration="400ms")
    assert run.variants == ("x", "y", "x@main", "y@main")

@pytest.mark.server(many)
def test_numbered(load):
    load.get("/busy", params=lambda i: {"i": i}, users=1, duration="400ms")

@pytest.mark.server(many)
def test_ramp(load):
    load.ramp("/quick", users=(1, 2), duration="200ms")
"""
    ).repository.commit("With tests")
    result = run(
        checkout, "--asyncbench-against=main", "--asyncbench-against-all", "--asyncbench-inconclusive=pass"
    )
    result.assert_outcomes(passed=4)
    for new in ("a", "b", "x", "y", "server"):
        result.stdout.fnmatch_lines([f"* {new} is not worse than {new}@main in rps by 10 %: *"])


SERVES = """
import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

from shop.body import BODY

class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass

def app(environ, start_response):
    start_response("200 OK", [("Content-Length", str(len(BODY)))])
    return [BODY]

make_server("127.0.0.1", int(sys.argv[1]), app, handler_class=Quiet).serve_forever()
"""


def test_a_package_that_is_installed_editable_is_that_of_the_revision(checkout):
    """In an environment of its own, and in a layout that nobody could guess."""
    environment = checkout.path / ".venv"
    venv.create(environment, with_pip=False)
    [packages] = environment.glob("lib/python*/site-packages")
    (packages / "shop.pth").write_text(str(checkout.path / "libraries" / "shop"))
    checkout.write("""
from pytest_asyncbench import command

@pytest.mark.server(command(["{python}", "-m", "shop.serve", "{port}"], python=".venv"))
@pytest.mark.no_regression(within="900%")
def test_it(load):
    load.get("/", users=1, duration="400ms")
""")
    files = {"libraries/shop/shop/serve.py": SERVES, "libraries/shop/shop/body.py": "BODY = b'old' * 10"}
    checkout.repository.commit("Old", **{".gitignore": "__pycache__\n.cache\n.venv\n"}, **files)
    checkout.repository.write(**{"libraries/shop/shop/body.py": "BODY = b'new, and longer' * 10"})
    result = run(checkout, "--asyncbench-against=main")
    assert "failed" not in result.parseoutcomes()
    assert_said(
        result,
        "server does not do the same work as server@main: mean length * server 150 bytes, server@main 30 bytes",
    )


def test_without_a_revision_it_is_a_notice(checkout):
    result = run(checkout.write(QUICK))
    result.assert_outcomes(passed=1)
    output = " ".join(result.stdout.str().split())
    assert (
        "note: not judged: rps is not worse than the baseline by 100 %: there is no baseline; "
        "--asyncbench-against=REV judges it against a git revision, --asyncbench-compare=NAME against a kept run"
        in output
    )


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--asyncbench-against=mian"], "*--asyncbench-against=mian: there is no revision 'mian' in *"),
        (
            ["--asyncbench-against=main", "--asyncbench-against-python=nowhere"],
            "*python='nowhere' is neither*",
        ),
        (["--asyncbench-against-all"], "*--asyncbench-against-all needs --asyncbench-against=REV*"),
    ],
)
def test_usage_errors(checkout, options, why):
    result = run(checkout.write(QUICK), *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([why])


def test_no_repository_and_no_git(project, monkeypatch):
    project.write(QUICK)
    result = project.run("--asyncbench-against=main")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*is in no git working tree*run the tests in a checkout*"])
    monkeypatch.setenv("PATH", "/nowhere")
    result = project.ini("asyncbench_against = main").run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*there is no git on PATH; install it*"])


def test_a_smoke_run_starts_no_old_server(checkout):
    checkout.write(QUICK).repository.commit("Broken", app="import there_is_no_such_module")
    checkout.repository.write(app=APP)
    result = run(checkout, "--asyncbench-against=main", "--asyncbench-smoke")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*not comparable*")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
def test_interrupted_nothing_is_left(checkout, number):
    told = "__import__('pathlib').Path('told').touch()"
    checkout.write(
        MANY
        + f"""
@pytest.mark.server(many)
@pytest.mark.no_regression()
def test_it(load):
    {told}
    load.get("/quick", users=2, duration="60s")
"""
    ).repository.commit("With a test")
    before = checkout.repository.state()
    temporary = checkout.path / "tmp"
    temporary.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--asyncbench-against=main"],
        cwd=checkout.path,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until(lambda: (checkout.path / "told").exists() or process.poll() is not None)
        until(lambda: len(list(temporary.glob("asyncbench-server-*"))) == 2 or process.poll() is not None)
        assert list(temporary.glob("asyncbench-revision-*"))
        assert process.poll() is None
        process.send_signal(number)
        process.wait(PATIENCE)
    finally:
        process.kill()
        process.wait()
    until(lambda: not [path for path in temporary.iterdir() if "pytest-of" not in path.name])
    (checkout.path / "told").unlink()
    assert checkout.repository.state() == before


def assert_said(result, text: str) -> None:
    """Assert that the output says so, `*` being anything, wherever its lines are broken."""
    output = " ".join(result.stdout.str().split())
    assert fnmatch.fnmatchcase(output, f"*{text}*"), text


def until(condition) -> None:
    """Wait for a condition, and fail when it does not come true in time."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
