"""The spec of an old server, and what it imports."""

from __future__ import annotations

import os
import sys

import pytest

from pytest_asyncbench.baseline.imports import modules, places_of, require_own_code
from pytest_asyncbench.baseline.old_server import old_spec
from pytest_asyncbench.baseline.revision import find_revision
from pytest_asyncbench.baseline.worktree import check_out
from pytest_asyncbench.errors import NotComparable
from pytest_asyncbench.servers.factories import command, external, granian


@pytest.fixture
def worktree(repository):
    repository.commit("Old", app="", **{"src/package/__init__.py": "", "service/main.py": ""})
    repository.write(app="changed")
    made = check_out(find_revision("main", repository.path))
    yield made
    made.close()


def test_everything_is_seen_from_the_revision(worktree, repository, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    here, there = repository.path, worktree.tree
    spec = granian(
        "app:wsgi",
        interface="wsgi",
        cwd="service",
        port=8001,
        args=["--static", f"{here}/service"],
        env={"CONFIG": f"{here}/app.py", "PYTHONPATH": f"{here}/service:/opt", "OTHER": "1"},
    )
    old = old_spec(spec, worktree, here, (), None)
    env = dict(old.env)
    assert (old.cwd, old.port, old.python) == (str(there / "service"), None, None)
    assert old.args == ("--static", str(there / "service"))
    assert (env["CONFIG"], env["OTHER"]) == (str(there / "app.py"), "1")
    assert env["PYTHONPATH"] == f"{there}:{there}/src:{there}/service:/opt"
    assert old.app == spec.app


def test_another_interpreter(worktree, repository):
    spec = granian("app:wsgi", interface="wsgi")
    assert old_spec(spec, worktree, repository.path, (), sys.executable).python == sys.executable
    (repository.path / ".venv" / "bin").mkdir(parents=True)
    (repository.path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    old = old_spec(spec.with_options(python=".venv"), worktree, repository.path, (), None)
    assert old.python == str(repository.path / ".venv" / "bin" / "python"), "of the head, as it was asked for"


def test_what_cannot_run_twice(worktree, repository):
    with pytest.raises(NotComparable, match="runs already"):
        old_spec(external("http://127.0.0.1:8000"), worktree, repository.path, (), None)
    fixed = command(["{python}", "-m", "service.main"], port=8000)
    with pytest.raises(NotComparable, match=r"port=8000 is fixed.*\{port\}"):
        old_spec(fixed, worktree, repository.path, (), None)


def test_the_old_code_is_what_is_imported(worktree, repository):
    path = os.pathsep.join(worktree.python_path([]))
    require_own_code(worktree, sys.executable, {**os.environ, "PYTHONPATH": path}, worktree.root)
    assert set(modules([worktree.tree, worktree.tree / "src"])) == {"app", "package", "service"}


def test_where_an_interpreter_imports_from(repository, tmp_path):
    """Editable packages: a directory of a .pth file, and the finder that setuptools installs for a flat layout."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "__editable___shop_finder.py").write_text(f"""
import sys
MAPPING = {{"shop": {str(repository.path / "packages" / "shop")!r}}}

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return None

sys.meta_path.append(Finder)
""")
    (site / "sitecustomize.py").write_text(f"""
import site, sys
import __editable___shop_finder
sys.path.append({str(repository.path / "lib")!r})
""")
    found = places_of(sys.executable, {**os.environ, "PYTHONPATH": str(site)})
    assert {str(repository.path / "packages"), str(repository.path / "lib")} <= set(found)
    with pytest.raises(NotComparable, match="/nowhere does not run"):
        places_of("/nowhere", {})


def test_an_import_hook_that_comes_first_is_seen(worktree, repository, tmp_path):
    """As some build backends install it for an editable package."""
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text(f"""
import sys
from importlib.machinery import PathFinder

class Editable:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return PathFinder.find_spec(name, [{str(repository.path / "src")!r}]) if name == "package" else None

sys.meta_path.insert(0, Editable)
""")
    path = os.pathsep.join([*worktree.python_path([]), str(hooks)])
    with pytest.raises(
        NotComparable, match=r"'package' would be imported from .*your checkout.*against-python"
    ):
        require_own_code(worktree, sys.executable, {**os.environ, "PYTHONPATH": path}, worktree.root)
