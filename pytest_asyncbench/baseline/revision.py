"""A git revision that a run is compared with: found before anything starts, and read without touching the repository.

Its files are written by `git read-tree` with an index of our own, into a directory of our own. Unlike `git worktree
add` that leaves nothing in the repository (no entry of a worktree, no lock, no HEAD), so there is nothing to clean up
there when we are killed, and it runs no hook. Unlike `git archive` it leaves out no file marked `export-ignore`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from pytest_asyncbench.errors import NotComparable, RevisionError
from pytest_asyncbench.processes import Command, Process

OURS = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_NAMESPACE",
    "GIT_COMMON_DIR",
)
"""Variables that a hook of git sets for what it starts: they would point our git at that hook's index."""
QUIET = (
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.splitIndex=false"),  # its shared part would lie in the repository
    *("-c", "core.untrackedCache=false"),
    *("-c", "advice.detachedHead=false"),
)
"""What keeps git from running the user's hooks, starting a daemon, or writing into the repository."""
SHORT = 24
"""Characters of a revision's name in tables; a longer one is cut, a commit's name to 8."""
LIMIT = 60.0
"""Seconds that a question to git may take."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit of the repository in which the tests live.

    `name` is what the user wrote; `checkout` the top directory of the user's working tree, `seen` the same as pytest
    sees it (through links), and `below` where in it pytest's root directory is (".": there).
    """

    name: str
    commit: str
    subject: str
    checkout: Path
    seen: Path
    below: Path
    git_dir: Path

    @property
    def short(self) -> str:
        """The name as it stands in a table: "main", "HEAD~3", "1a2b3c4d"."""
        if re.fullmatch("[0-9a-f]{9,}", self.name):
            return self.name[:8]
        return self.name if len(self.name) <= SHORT else f"{self.name[: SHORT - 1]}…"

    def __str__(self) -> str:
        known = "" if self.commit.startswith(self.name) else f"{self.name} is "
        return f"{known}{self.commit[:8]} ({self.subject})"

    def write_to(self, place: Path) -> Path:
        """Write all files of the revision into the new directory `place`/tree. Raises NotComparable with git's words.

        What git's filters do at a checkout (line ends, LFS) is done here, too.
        """
        tree = place / "tree"
        tree.mkdir()
        argv = [
            _git(),
            *QUIET,
            f"--git-dir={self.git_dir}",
            f"--work-tree={tree}",
            "read-tree",
            "-u",
            "--reset",
            "--no-sparse-checkout",
            "--no-recurse-submodules",
            self.commit,
        ]
        env = {**environment(), "GIT_INDEX_FILE": str(place / "index")}
        with Process(Command(tuple(argv), env, str(tree), place / "git.log", "git", grace=1.0)) as process:
            while (code := process.wait(LIMIT)) is None:
                pass
            if code:
                raise NotComparable(f"its files could not be written: {process.log_tail()}")
        return tree

    def is_ignored(self, path: Path) -> bool:
        """Whether git ignores a path of the checkout: a virtual environment, something built, a `.env`."""
        return _ask(["check-ignore", "-q", "--", str(path)], self.checkout).returncode == 0


def find_revision(name: str, root: Path) -> Revision:
    """The revision of that name in the repository around `root`. Raises RevisionError that says what to do."""
    if name.startswith("-"):
        raise RevisionError(f"{name!r} is no revision; write a branch, a tag or a commit, such as main")
    found = _ask(["rev-parse", "--show-toplevel", "--absolute-git-dir"], root)
    if found.returncode:
        raise RevisionError(
            f"{root} is in no git working tree ({_words(found)}); run the tests in a checkout, or leave the option out"
        )
    checkout, git_dir = map(Path, found.stdout.splitlines()[:2])
    commit = _ask(["rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"], root)
    if commit.returncode:
        raise RevisionError(f"there is no revision {name!r} in {checkout}; {_remedy(name, root)}")
    sha = commit.stdout.strip()
    subject = _ask(["log", "-1", "--format=%s", sha], root).stdout.strip()
    below = root.resolve().relative_to(checkout.resolve())
    seen = root if below == Path() else root.parents[len(below.parts) - 1]
    return Revision(name, sha, subject, checkout, seen, below, git_dir)


def environment() -> dict[str, str]:
    """The environment of our own calls of git: what a surrounding hook of git has set does not reach them."""
    kept = {name: value for name, value in os.environ.items() if name not in OURS}
    return {**kept, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}


def _remedy(name: str, root: Path) -> str:
    remotes = _ask(
        ["for-each-ref", "--format=%(refname:short)", f"refs/remotes/*/{name}"], root
    ).stdout.split()
    if remotes:
        return f"there is {remotes[0]}: write that"
    if _ask(["rev-parse", "--is-shallow-repository"], root).stdout.strip() == "true":
        return "this is a shallow clone: fetch it first, in GitHub's actions/checkout with fetch-depth: 0"
    return f"see git branch --all; a branch of the remote is fetched by git fetch origin {name}"


def _ask(arguments: list[str], root: Path) -> subprocess.CompletedProcess[str]:
    argv = [_git(), *QUIET, *arguments]
    try:
        return subprocess.run(
            argv, cwd=root, env=environment(), capture_output=True, text=True, check=False, timeout=LIMIT
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RevisionError(f"git could not be asked: {error}") from error


def _git() -> str:
    if found := shutil.which("git"):
        return found
    raise RevisionError("there is no git on PATH; install it, or leave the option out")


def _words(answer: subprocess.CompletedProcess[str]) -> str:
    return (answer.stderr.strip().splitlines() or ["git said nothing"])[0]
