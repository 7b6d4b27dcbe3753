"""A revision is found, or it is said what to do; its files are written and the repository is as before."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import psutil
import pytest

from pytest_asyncbench.baseline.revision import find_revision
from pytest_asyncbench.baseline.worktree import check_out
from pytest_asyncbench.errors import NotComparable, RevisionError


def test_a_branch_a_tag_a_commit(repository):
    old = repository.commit("The old one", app="1")
    repository.git("tag", "-a", "v1", "-m", "annotated")
    repository.commit("The new one", app="2")
    for name in ("HEAD~1", "v1", old, old[:9], "main~1"):
        found = find_revision(name, repository.path)
        assert (found.commit, found.subject) == (old, "The old one")
    assert find_revision("v1", repository.path).short == "v1"
    assert find_revision(old, repository.path).short == old[:8]
    assert str(find_revision("v1", repository.path)) == f"v1 is {old[:8]} (The old one)"
    assert str(find_revision(old, repository.path)) == f"{old[:8]} (The old one)"


def test_a_long_name_is_cut(repository):
    repository.commit("One", app="1")
    repository.git("branch", "feature/a-branch-with-a-very-long-name")
    found = find_revision("feature/a-branch-with-a-very-long-name", repository.path)
    assert found.short == "feature/a-branch-with-a…"


def test_what_is_no_revision(repository, tmp_path):
    repository.commit("One", app="1")
    with pytest.raises(RevisionError, match=r"no revision 'mian' in .*git branch --all"):
        find_revision("mian", repository.path)
    with pytest.raises(RevisionError, match="'--all' is no revision"):
        find_revision("--all", repository.path)
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(RevisionError, match=r"no git working tree \(fatal: not a git repository.*checkout"):
        find_revision("main", tmp_path / "elsewhere")


def test_a_branch_of_the_remote_and_a_shallow_clone(repository, make_repository, tmp_path):
    repository.commit("One", app="1")
    repository.commit("Two", app="2")
    repository.git("branch", "feature")
    clone = tmp_path / "clone"
    repository.git("clone", "-q", "--depth=1", "--no-single-branch", f"file://{repository.path}", str(clone))
    with pytest.raises(RevisionError, match="there is origin/feature: write that"):
        find_revision("feature", clone)
    with pytest.raises(RevisionError, match=r"shallow clone.*fetch-depth: 0"):
        find_revision("HEAD~1", clone)


def test_no_git(repository, monkeypatch):
    repository.commit("One", app="1")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(RevisionError, match="no git on PATH; install it"):
        find_revision("main", repository.path)


def test_what_a_hook_of_git_has_set_is_not_believed(repository, monkeypatch, tmp_path):
    repository.commit("One", app="1")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    worktree = check_out(find_revision("main", repository.path))
    assert (worktree.tree / "app.py").read_text() == "1"
    worktree.close()


def test_the_files_are_those_of_the_revision_and_the_repository_is_as_before(repository):
    repository.commit(
        "Old", app="old", **{"package/module.py": "old", ".gitattributes": "app.py export-ignore\n"}
    )
    repository.git("tag", "old")
    repository.commit("New", app="new", added="new")
    repository.write(app="changed", staged="staged", untracked="untracked")
    repository.git("add", "staged.py")
    repository.git("stash", "push", "-q", "--include-untracked")
    repository.write(app="changed again", untracked="untracked")
    before = repository.state()
    worktree = check_out(find_revision("old", repository.path))
    written = {str(path.relative_to(worktree.tree)) for path in worktree.tree.rglob("*") if path.is_file()}
    assert written == {"app.py", "package/module.py", ".gitattributes"}
    assert (worktree.tree / "app.py").read_text() == "old"
    assert repository.state() == before
    worktree.close()
    assert not worktree.directory.exists()
    assert repository.state() == before


def test_in_a_linked_worktree_and_a_sparse_one(repository, tmp_path):
    repository.commit("Old", app="old", **{"far/away.py": "old"})
    linked = tmp_path / "linked"
    repository.git("worktree", "add", "-q", "-b", "mine", str(linked))
    repository.git("-C", str(linked), "sparse-checkout", "set", "nothing")
    before = repository.state()
    worktree = check_out(find_revision("main", linked))
    assert (worktree.tree / "far" / "away.py").read_text() == "old", "the whole revision"
    worktree.close()
    assert repository.state() == before


def test_a_revision_that_cannot_be_written(repository):
    commit = repository.commit("One", app="1")
    blob = repository.git("rev-parse", f"{commit}:app.py").strip()
    found = find_revision("main", repository.path)
    (repository.path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(NotComparable, match=r"files could not be written.*app\.py"):
        check_out(found)


def test_no_hook_runs(repository):
    repository.commit("One", app="1")
    mark = repository.path.parent / "a-hook-was-here"
    hook = repository.path / ".git" / "hooks" / "post-index-change"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {mark}\n")
    hook.chmod(0o755)
    check_out(find_revision("main", repository.path)).close()
    assert not mark.exists()
    repository.git("read-tree", "HEAD")
    assert mark.exists(), "it would have run"


WRITES = """
import sys
from pathlib import Path
from pytest_asyncbench.baseline.revision import find_revision
from pytest_asyncbench.baseline.worktree import check_out
check_out(find_revision("main", Path(sys.argv[1])))
"""


def test_killed_while_files_are_written(repository, tmp_path):
    repository.commit("One", app="1", **{".gitattributes": "*.py filter=slow\n"})
    mark = tmp_path / "smudging"
    repository.git("config", "filter.slow.smudge", f"touch {mark} && sleep 600 && cat")
    before = repository.state()
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", WRITES, str(repository.path)], env={**os.environ, "TMPDIR": str(temporary)}
    )
    until(mark.exists)
    children = psutil.Process(process.pid).children(recursive=True)
    assert any("git" in child.name() for child in children)
    process.kill()
    process.wait()
    until(lambda: not any(child.is_running() for child in children))
    until(lambda: not list(temporary.iterdir()))
    assert repository.state() == before


def until(condition) -> None:
    """Wait for a condition, and fail when it does not come true in time."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
