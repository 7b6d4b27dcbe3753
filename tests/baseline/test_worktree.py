"""Which file of the revision a path of the checkout stands for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_asyncbench.baseline.revision import find_revision
from pytest_asyncbench.baseline.worktree import Worktree, check_out


@pytest.fixture
def worktree(repository):
    repository.commit(
        "Old", app="", **{"src/package/module.py": "", "tests/test_it.py": "", ".gitignore": ".venv\n"}
    )
    repository.git("tag", "old")
    repository.write(added="")
    (repository.path / ".venv" / "bin").mkdir(parents=True)
    (repository.path / ".venv" / "bin" / "python").write_text("")
    made = check_out(find_revision("old", repository.path))
    yield made
    made.close()


def test_paths(worktree: Worktree, repository):
    here, there = repository.path, worktree.tree
    assert worktree.path(here) == there
    assert worktree.path(here / "app.py") == there / "app.py"
    assert worktree.path(here / "added.py") == there / "added.py"
    assert not worktree.path(here / "added.py").exists(), "new files are not in the revision"
    assert worktree.path(here / ".venv" / "bin" / "python") == here / ".venv" / "bin" / "python"
    assert worktree.path(Path("/etc/hosts")) == Path("/etc/hosts")
    assert worktree.path(here.parent / "checkout-2") == here.parent / "checkout-2"


def test_texts(worktree: Worktree, repository):
    here, there = str(repository.path), str(worktree.tree)
    assert worktree.text(f"--config={here}/app.py") == f"--config={there}/app.py"
    assert worktree.text(f"{here}:{here}/src:/usr/lib") == f"{there}:{there}/src:/usr/lib"
    assert worktree.text(f"sqlite:///{here}/app.py?a=1 'x'") == f"sqlite:///{there}/app.py?a=1 'x'"
    assert worktree.text(f"{here}-2/app.py and {{port}}") == f"{here}-2/app.py and {{port}}"
    assert worktree.text(f"{here}/.venv/bin/python") == f"{here}/.venv/bin/python"


def test_the_revision_comes_first_on_the_path(worktree: Worktree, repository):
    here, there = repository.path, worktree.tree
    known = [here / "tests", "/usr/lib", str(here / "src"), here / ".venv" / "bin", here]
    assert worktree.python_path(known) == (
        str(there / "tests"),
        str(there / "src"),
        str(there),
    )
    inherited = os.pathsep.join([str(here / "src"), "/opt"])
    assert worktree.inherited_path(inherited) == [str(there / "src"), "/opt"]


def test_a_root_directory_below_the_checkout_and_behind_a_link(repository, tmp_path):
    repository.commit("Old", **{"services/api/app.py": ""})
    link = tmp_path / "link"
    link.symlink_to(repository.path)
    root = link / "services" / "api"
    made = check_out(find_revision("main", root))
    assert made.root == made.tree / "services" / "api"
    assert made.path(root / "app.py") == made.root / "app.py"
    assert made.path(repository.path / "services") == made.tree / "services"
    made.close()
