"""What a result tells of a launch is what was launched."""

from __future__ import annotations

import sys
import venv
from importlib.metadata import version

import psutil

from pytest_asyncbench.masking import HIDDEN
from pytest_asyncbench.servers.factories import command, granian
from pytest_asyncbench.servers.launched import launched
from pytest_asyncbench.servers.software import Software, own_software, software_of

DATABASE = {"DATABASE_URL": "postgresql://me:s3cr3t-word@h/db", "PGPASSWORD": "s3cr3t-word", "PGUSER": "me"}


def test_the_command_line_is_that_of_the_process(launch, echo):
    found = launch(echo("--flag", "a b"))
    told = found.launched
    assert told is not None
    assert list(told.command) == psutil.Process(found.pid).cmdline()
    assert told.cwd == psutil.Process(found.pid).cwd()
    assert told.python == sys.executable


def test_variables_are_those_that_were_set_for_it_and_hold_no_secret(launch, echo, tell, monkeypatch):
    monkeypatch.setenv("SAME", "as pytest's")
    monkeypatch.setenv("INHERITED", "1")
    env = {
        "SAME": "as pytest's",
        "URL": "{database.url}",
        "WORD": "it is {database.password}",
        "API_KEY": "k",
    }
    values = {"database.url": DATABASE["DATABASE_URL"], "database.password": DATABASE["PGPASSWORD"]}
    told = launch(echo(env=env), database=DATABASE, placeholders=values, python_path=("/libs",)).launched
    assert told.env.pop("ASYNCBENCH_DIRECTORY")
    assert told.env.pop("PYTHONPATH").startswith("/libs")
    assert told.env == {
        "API_KEY": HIDDEN,
        "DATABASE_URL": "postgresql://me:...@h/db",
        "PGAPPNAME": "server",
        "PGPASSWORD": HIDDEN,
        "PGUSER": "me",
        "SAME": "as pytest's",
        "URL": "postgresql://me:...@h/db",
        "WORD": f"it is {HIDDEN}",
    }


def test_a_server_program_of_our_own_interpreter(launch):
    told = launch(granian("tiny:wsgi", interface="wsgi", threads=2)).launched
    assert told.command[:3] == (sys.executable, "-m", "granian")
    found = software_of(told)
    assert found == own_software()
    assert found.python.endswith(sys.version.split()[0])
    assert found.packages["granian"] == version("granian")


def test_another_interpreter_tells_its_own(launch, echo, tmp_path):
    venv.create(tmp_path / "bare", symlinks=True, with_pip=False)
    [packages] = (tmp_path / "bare").glob("lib/python*/site-packages")
    (packages / "Django-1.2.3.dist-info").mkdir()
    (packages / "Django-1.2.3.dist-info" / "METADATA").write_text("Name: Django\nVersion: 1.2.3\n")
    told = launch(echo(python=str(tmp_path / "bare"))).launched
    assert told.python == str(tmp_path / "bare" / "bin" / "python")
    assert software_of(told) == Software(own_software().python, {"django": "1.2.3"})


def test_what_no_python_runs_is_not_known(launch, tmp_path):
    serve = tmp_path / "serve"
    serve.write_text(f"#!/bin/sh\nexec {sys.executable} -m http.server --bind 127.0.0.1 $1\n")
    serve.chmod(0o755)
    told = launch(command([str(serve), "{port}"])).launched
    assert (told.python, software_of(told)) == ("", Software())


def test_an_interpreter_that_cannot_be_asked_is_not_known(tmp_path):
    assert software_of(launched((), str(tmp_path), {}, {}, python=str(tmp_path / "gone"))) == Software()
