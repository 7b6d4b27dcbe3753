"""Where a server imports its code from: asked of its own interpreter, before anything is believed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_asyncbench.baseline.worktree import Worktree
from pytest_asyncbench.errors import NotComparable, ProcessError
from pytest_asyncbench.servers.asking import last_line

MOST = 500
"""Modules that are asked about: what is at the top of a few directories."""

LIST = """
import json, os, sys
found = [entry for entry in sys.path if entry]
for finder in sys.meta_path:
    mapping = getattr(sys.modules.get(getattr(finder, "__module__", "")), "MAPPING", {})
    found += [os.path.dirname(path) for path in mapping.values() if isinstance(path, str)]
print(json.dumps(found))
"""
"""Runs in any Python 3: the directories that modules come from, those of editable packages of setuptools included."""

ASK = """
import json, os, sys
from importlib.util import find_spec
top, tree, names = json.loads(sys.stdin.read())
def places(name):
    try:
        found = find_spec(name)
    except Exception:
        return []
    if found is None:
        return []
    return [found.origin] if found.origin else list(found.submodule_search_locations or [])[:1]
def wrong(place):
    place = os.path.realpath(place)
    installed = "site-packages" in place.split(os.sep) or place.startswith(os.path.realpath(sys.prefix) + os.sep)
    ours = place.startswith(os.path.realpath(tree) + os.sep)
    return place.startswith(top + os.sep) and not installed and not ours
found = {name: place for name in names for place in places(name) if wrong(place)}
print(json.dumps(found))
"""
"""Runs in any Python 3: which of these modules would be imported from below `top`, and not from `tree`."""


def require_own_code(worktree: Worktree, python: str, env: Mapping[str, str], cwd: Path) -> None:
    """Raise NotComparable if a module that the revision has would be imported from the user's checkout.

    So it is with import hooks that come before the path, as some build backends install them for editable packages.
    """
    places = [Path(entry) for entry in env.get("PYTHONPATH", "").split(":") if entry]
    names = modules([place for place in places if place.is_relative_to(worktree.tree)])
    question = json.dumps([str(worktree.revision.checkout.resolve()), str(worktree.tree), names])
    told = _run(python, ASK, tuple(sorted(env.items())), str(cwd), question)
    for name, place in json.loads(told).items():
        raise NotComparable(
            f"{name!r} would be imported from {place}, which is your checkout: an import hook of an editable "
            "installation comes before PYTHONPATH; install the revision into a virtual environment of its own, and "
            "give --asyncbench-against-python"
        )


def modules(places: Sequence[Path]) -> list[str]:
    """The names of the modules and packages at the top of these directories."""
    found: dict[str, None] = {}
    for place in places:
        for path in sorted(place.iterdir()) if place.is_dir() else ():
            name = path.stem if path.suffix == ".py" else path.name
            is_package = path.is_dir() and any(path.glob("*.py"))
            if name.isidentifier() and (path.suffix == ".py" or is_package):
                found[name] = None
    return list(found)[:MOST]


def places_of(python: str, env: Mapping[str, str]) -> tuple[str, ...]:
    """The directories from which `python` imports. Raises NotComparable if it does not run."""
    return tuple(json.loads(_run(python, LIST, tuple(sorted(env.items())), "/")))


def _run(python: str, script: str, env: tuple[tuple[str, str], ...], cwd: str, question: str = "") -> str:
    """The last line that a script writes. Raises NotComparable."""
    try:
        return last_line(python, script, env, cwd, question=question)
    except ProcessError as error:
        raise NotComparable(str(error)[-500:]) from error
