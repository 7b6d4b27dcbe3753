"""What the HTML report needs and pytest-asyncbench does not install by itself."""

from __future__ import annotations

from importlib.util import find_spec

from pytest_asyncbench.errors import AsyncBenchError


class MissingExtra(AsyncBenchError):
    """Something was asked for that needs an extra; the message says which to install."""


def require_matplotlib(asked: str) -> None:
    """Raise MissingExtra if there is no matplotlib. `asked` names what needs it."""
    if find_spec("matplotlib") is None:
        raise MissingExtra(
            f"{asked} draws with matplotlib, which is not installed: pip install 'pytest-asyncbench[html]'"
        )
