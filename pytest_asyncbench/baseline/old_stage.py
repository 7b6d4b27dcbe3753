"""Where one variant of a revision runs: its files, its interpreter, its own database."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_asyncbench.baseline.imports import places_of, require_own_code
from pytest_asyncbench.baseline.old_server import old_python, old_spec
from pytest_asyncbench.baseline.worktree import Worktree
from pytest_asyncbench.errors import NotComparable
from pytest_asyncbench.servers.environment import clean
from pytest_asyncbench.servers.instance import interpreter
from pytest_asyncbench.servers.spec import ServerSpec
from pytest_asyncbench.stage import TestDatabases, TestStage

if TYPE_CHECKING:
    from pytest_asyncbench.measure.subject import LoadAgent
    from pytest_asyncbench.postgres import Cluster


@dataclass(frozen=True, slots=True)
class OldStages:
    """Makes the stages of a test's variants in a revision.

    `root` and `python_path` are pytest's, `python` another interpreter for the old servers (None: the same). `entries`
    is what the test's database is loaded with, from the directory `base`; `cluster` gives the PostgreSQL, None for a
    test without a database. `worktree` writes the revision's files on its first call. The rest is as of `TestStage`.
    """

    worktree: Callable[[], Worktree]
    root: Path
    python_path: tuple[str, ...]
    python: str | None
    entries: Sequence[object]
    base: Path
    cluster: Callable[[], Cluster] | None
    load_agent: Callable[[], LoadAgent]
    find_upstream: Callable[[], str]
    at_end: Callable[[Callable[[], None]], None]

    def make(self, name: str, spec: ServerSpec) -> TestStage:
        """The stage of one variant. Raises NotComparable."""
        worktree = self.worktree()
        if not worktree.root.is_dir():
            raise NotComparable(f"it has no directory {worktree.revision.below}")
        known = self._known(spec)
        old = old_spec(spec, worktree, self.root, known, self.python)
        cwd = Path(old.cwd or worktree.root)
        if not cwd.is_dir():
            raise NotComparable(f"it has no directory {cwd.relative_to(worktree.tree)}")
        environment = {**clean(os.environ)[0], "PYTHONPATH": dict(old.env)["PYTHONPATH"]}
        require_own_code(worktree, interpreter(old.python, self.root), environment, cwd)

        def databases() -> TestDatabases | None:
            return self._databases(name, spec, worktree, known) if self.cluster else None

        return TestStage(
            specs={name: old},
            root=worktree.root,
            python_path=(),  # it is in the spec's environment, where nothing comes before it
            load_agent=self.load_agent,
            find_databases=databases,
            find_upstream=self.find_upstream,
            at_end=self.at_end,
        )

    def _known(self, spec: ServerSpec) -> tuple[str, ...]:
        """The directories that hold code of now: pytest's `pythonpath`, and those that the interpreter imports from."""
        python = interpreter(old_python(spec, self.root, self.python), self.root)
        return (*self.python_path, *places_of(python, clean(os.environ)[0]))

    def _databases(
        self, name: str, spec: ServerSpec, worktree: Worktree, known: tuple[str, ...]
    ) -> TestDatabases:
        from pytest_asyncbench.baseline.old_load import old_steps

        assert self.cluster is not None
        cluster = self.cluster()
        path = worktree.python_path(known)
        steps = old_steps(self.entries, self.base, worktree, path, old_python(spec, self.root, self.python))
        database = cluster.database(cluster.template(steps) if steps else None, name)
        self.at_end(database.drop)
        return TestDatabases({name: database}, cluster.origin, (), cluster)
