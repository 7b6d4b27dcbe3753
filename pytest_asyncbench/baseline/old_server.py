"""The spec of a variant as it was in another revision: the same words, seen from the revision's files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pytest_asyncbench.baseline.worktree import Worktree
from pytest_asyncbench.errors import NotComparable
from pytest_asyncbench.servers.instance import interpreter
from pytest_asyncbench.servers.spec import ServerSpec


def old_spec(
    spec: ServerSpec, worktree: Worktree, root: Path, known: Sequence[str], python: str | None
) -> ServerSpec:
    """`spec` to be launched in `worktree`; `root` is pytest's root directory, `python` another interpreter, and `known`
    are the directories that code comes from now.

    Raises NotComparable for a server that cannot run a second time.
    """
    if spec.url is not None:
        raise NotComparable(f"{spec.url} runs already, whatever its code is")
    told = any("{port}" in text for text in (*spec.argv, *spec.args, *dict(spec.env).values()))
    if spec.port is not None and spec.argv and not told:
        raise NotComparable(
            f"port={spec.port} is fixed, and both run side by side; tell the app its port with {{port}}"
        )
    own = dict(spec.env)
    inherited = own.get("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    path = [*worktree.python_path(known), *worktree.inherited_path(inherited)]
    env = {name: worktree.text(text) for name, text in own.items()}
    env["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(path))
    return replace(
        spec,
        argv=tuple(map(worktree.text, spec.argv)),
        args=tuple(map(worktree.text, spec.args)),
        env=tuple(sorted(env.items())),
        cwd=str(worktree.path(Path(os.path.normpath(root / (spec.cwd or "."))))),
        python=old_python(spec, root, python),
        port=None,
    )


def old_python(spec: ServerSpec, root: Path, python: str | None) -> str | None:
    """The interpreter: the one asked for, else that of the server of now, which the revision's files do not hold."""
    if python is not None:
        return interpreter(python, root)
    return interpreter(spec.python, root) if spec.python is not None else None
