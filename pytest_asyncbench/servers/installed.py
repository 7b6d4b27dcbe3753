"""Which version of a server program an interpreter has."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from importlib import metadata

from pytest_asyncbench.errors import ProgramMissing
from pytest_asyncbench.servers.asking import last_line

MATTERS = re.compile(r"PYTHON.*|LD_.*|PATH|HOME|VIRTUAL_ENV")
"""The variables on which the answer depends: servers that differ in others share it."""

ASK = """
import json, sys
from importlib.util import find_spec
try:
    from importlib.metadata import version
except ImportError:
    version = None
found = None
for name in sys.argv[1:]:
    try:
        found = name, version(name)
        break
    except Exception:
        if find_spec(name):
            found = name, ""
            break
print(json.dumps(found))
"""
"""Runs in any Python 3: what is installed of the first of these distributions, also where it is only on the path."""


def installed(
    distributions: tuple[str, ...], python: str, env: Mapping[str, str], cwd: str
) -> tuple[str, str]:
    """The first of `distributions` that `python` has, with its version ("" where it tells none).

    Raises ProgramMissing, with what to install. Our own interpreter is asked without starting one.
    """
    if python == sys.executable and (here := _here(distributions)):
        return here
    found = _ask(distributions, python, cwd, tuple(sorted(v for v in env.items() if MATTERS.fullmatch(v[0]))))
    if found is None:
        wanted = " or ".join(distributions)
        raise ProgramMissing(
            f"{wanted} is not installed in {python}; {python} -m pip install {distributions[-1]}"
        )
    return found


def _here(distributions: tuple[str, ...]) -> tuple[str, str] | None:
    for name in distributions:
        try:
            return name, metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return None


def _ask(
    distributions: tuple[str, ...], python: str, cwd: str, env: tuple[tuple[str, str], ...]
) -> tuple[str, str] | None:
    found = json.loads(last_line(python, ASK, env, cwd, distributions))
    return (str(found[0]), str(found[1])) if found else None
