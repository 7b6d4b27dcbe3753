"""`{database.url}`, `{port}`, `{python}`, `{directory}` in a spec's texts, filled in at launch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pytest_asyncbench.errors import SpecError

if TYPE_CHECKING:
    from pytest_asyncbench.servers.spec import ServerSpec

NAMES = (
    *(f"database.{part}" for part in ("url", "host", "port", "user", "password", "name")),
    "upstream.url",
    "port",
    "python",
    "directory",
    "socket",
)
_PLACEHOLDER = re.compile(r"\{((?:database|upstream)\.\w+|port|python|directory|socket)\}")


def mentioned(spec: ServerSpec) -> set[str]:
    """The placeholders that stand in a spec."""
    texts = (*spec.argv, *spec.args, *(text for _, text in (*spec.env, *spec.hosts)))
    return {name for text in texts for name in _PLACEHOLDER.findall(text)}


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with its placeholders replaced; any other brace is left alone (arguments may hold JSON).

    Raises SpecError for a placeholder that does not exist, or whose value this test does not have.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in NAMES:
            raise SpecError(
                f"{text!r}: no placeholder {{{name}}}; there are {', '.join(f'{{{known}}}' for known in NAMES)}"
            )
        if name not in values:
            source = name.partition(".")[0]
            raise SpecError(
                f"{text!r} needs the test's {source}, and it has none; "
                f"add {'@pytest.mark.database(...)' if source == 'database' else 'the upstream fixture'}"
            )
        return values[name]

    return _PLACEHOLDER.sub(value, text)
