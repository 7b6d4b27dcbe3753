"""The files of a revision in a directory of ours, and which of them a path of the checkout stands for."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pytest_asyncbench.baseline.revision import Revision
from pytest_asyncbench.directories import create, release


@dataclass(slots=True)
class Worktree:
    """A revision's files under `tree`, which is to the revision what `revision.checkout` is to the user's files."""

    revision: Revision
    directory: Path
    tree: Path
    _ignored: dict[Path, bool] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """What pytest's root directory is in the revision; it may not have been there yet."""
        return self.tree / self.revision.below

    def path(self, given: Path) -> Path:
        """Where `given` is in the revision; outside of the checkout, or where git ignores it, it stays what it is.

        What is in the checkout and not in the revision gives a path that does not exist.
        """
        inside = self._inside(given)
        if inside is None or (not (self.tree / inside).exists() and self._is_ignored(given)):
            return given
        return self.tree / inside

    def text(self, text: str) -> str:
        """`text` with every path of the checkout in it replaced."""
        tops = "|".join(re.escape(str(top)) for top in self._tops())
        # Not "/srv/app-2" for the checkout "/srv/app"; up to what ends a path in a list, a URL or a shell word.
        return re.sub(
            rf"(?:{tops})(?![^/:;,\s\"'])[^:;,\s\"'{{}}]*", lambda m: str(self.path(Path(m[0]))), text
        )

    def python_path(self, known: Iterable[str | Path]) -> tuple[str, ...]:
        """What stands first on the old server's PYTHONPATH: the revision's own directories, before anything installed.

        Those that stand for the directories of the checkout in `known`, the root, and a `src` beside it.
        """
        here = [Path(entry) for entry in known if self._inside(Path(entry)) is not None]
        moved = [path for path in map(self.path, here) if self._inside(path) is None]
        usual = [self.root, self.root / "src", self.tree, self.tree / "src"]
        kept = [path for path in (*moved, *usual) if path.is_dir() and path.is_relative_to(self.tree)]
        return tuple(dict.fromkeys(map(str, kept)))

    def inherited_path(self, entries: str) -> list[str]:
        """The entries of a PYTHONPATH, those of the checkout replaced."""
        return [str(self.path(Path(entry))) for entry in entries.split(os.pathsep) if entry]

    def close(self) -> None:
        """Remove it."""
        release(self.directory)

    def _inside(self, path: Path) -> Path | None:
        """The path from the checkout's top, if it is below that; links in the way to the checkout do not matter.

        Our own directory is not the checkout's, even if the temporary directory is in there.
        """
        if path.is_relative_to(self.directory):
            return None
        for top in self._tops():
            if path.is_relative_to(top):
                return path.relative_to(top)
        return None

    def _tops(self) -> list[Path]:
        return list(dict.fromkeys((self.revision.checkout, self.revision.seen)))

    def _is_ignored(self, path: Path) -> bool:
        if path not in self._ignored:
            self._ignored[path] = path.exists() and self.revision.is_ignored(path)
        return self._ignored[path]


def check_out(revision: Revision) -> Worktree:
    """The files of a revision in a new directory, which is removed however we end. Raises NotComparable."""
    directory = create("revision")
    try:
        return Worktree(revision, directory, revision.write_to(directory))
    except BaseException:
        release(directory)
        raise
