"""Asking the interpreter of a server, which may be another one, by a short script."""

from __future__ import annotations

import subprocess
from functools import lru_cache

from pytest_asyncbench.errors import ProcessError

LIMIT = 60.0
"""Seconds that a script may take."""


@lru_cache(maxsize=64)
def last_line(
    python: str,
    script: str,
    env: tuple[tuple[str, str], ...],
    cwd: str,
    arguments: tuple[str, ...] = (),
    question: str = "",
) -> str:
    """The last line that a script writes, which gets `question` as its input; asked once.

    Raises ProcessError if the interpreter does not run.
    """
    try:
        asked = subprocess.run(
            [python, "-c", script, *arguments],
            input=question,
            env=dict(env),
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProcessError(f"{python} does not run: {error}") from error
    if asked.returncode:
        raise ProcessError(
            f"{python} does not run: it exited with {asked.returncode}\n{asked.stderr[-2000:]}"
        )
    return asked.stdout.splitlines()[-1]
