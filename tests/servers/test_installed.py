"""Which version of a program an interpreter has."""

from __future__ import annotations

import os
import sys
import venv
from importlib.metadata import version

import pytest

from pytest_asyncbench.errors import ProcessError, ProgramMissing
from pytest_asyncbench.servers.factories import uvicorn, uwsgi
from pytest_asyncbench.servers.installed import installed
from pytest_asyncbench.servers.instance import Launch, start
from pytest_asyncbench.servers.place import numbers


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A virtual environment with nothing in it."""
    path = tmp_path_factory.mktemp("bare")
    venv.create(path, symlinks=True, with_pip=False)
    return path


def test_our_own_interpreter_is_asked_without_starting_one(monkeypatch):
    monkeypatch.setattr("subprocess.run", None)
    assert installed(("uvicorn",), sys.executable, {}, "/") == ("uvicorn", version("uvicorn"))
    assert installed(("no-such", "granian"), sys.executable, {}, "/") == ("granian", version("granian"))


@pytest.mark.parametrize("make", [uvicorn, uwsgi])
def test_what_is_not_installed_is_told_with_what_to_install(make, bare, root):
    python = bare / "bin" / "python"
    name = {"uvicorn": "uvicorn", "uwsgi": "pyuwsgi"}[make.__name__]
    with pytest.raises(
        ProgramMissing, match=f"{make.__name__}.* is not installed in {python}; .* -m pip install {name}$"
    ):
        start(Launch(make("tiny:it", python=str(bare)), "server", root))


def test_what_is_on_the_path_of_another_interpreter_is_found(bare, tmp_path):
    (tmp_path / "uvicorn").mkdir()
    (tmp_path / "uvicorn" / "__init__.py").write_text("")
    env = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    assert installed(("uvicorn",), str(bare / "bin" / "python"), env, "/") == ("uvicorn", "")
    (tmp_path / "uvicorn-0.1.2.dist-info").mkdir()
    (tmp_path / "uvicorn-0.1.2.dist-info" / "METADATA").write_text("Name: uvicorn\nVersion: 0.1.2\n")
    assert installed(("uvicorn",), str(bare / "bin" / "python"), {**env, "PYTHONUTF8": "1"}, "/") == (
        "uvicorn",
        "0.1.2",
    )


def test_an_interpreter_is_asked_once_whatever_else_its_servers_differ_in(bare, tmp_path, monkeypatch):
    (tmp_path / "daphne.py").write_text("")
    python, env = str(bare / "bin" / "python"), {**os.environ, "PYTHONPATH": str(tmp_path)}
    assert installed(("daphne",), python, {**env, "DIRECTORY": "1"}, "/") == ("daphne", "")
    monkeypatch.setattr("subprocess.run", None)
    assert installed(("daphne",), python, {**env, "DIRECTORY": "2"}, "/") == ("daphne", "")


def test_an_interpreter_that_does_not_run_is_told(tmp_path):
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no such library >&2\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(ProcessError, match=r"does not run: it exited with 3\nno such library"):
        installed(("uvicorn",), str(broken), {}, "/")


def test_versions_are_compared_as_numbers():
    assert numbers("25.10.0rc1") > numbers("25.9") > numbers("2.0.30.post1") > numbers("2.0.4")
