"""Writes the files of `docs/examples` into the pages that show them: `python docs/blocks.py`.

A page shows a file by a fenced block whose first line has the language and `source=PATH`; the path starts at
`docs/examples`. The file is the original, and is what the tests run. The copy is for those who read the page on GitHub
or in an editor, where a directive that includes a file shows nothing.
"""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parent
BLOCK = re.compile(r"^(```\w+ source=(\S+)\n).*?^```$", re.MULTILINE | re.DOTALL)


def shown(page: str) -> list[str]:
    """Paths of the files that a page shows."""
    return [source for _, source in BLOCK.findall(page)]


def written(page: str) -> str:
    """The page with each of its blocks as the file is now. Raises FileNotFoundError."""
    return BLOCK.sub(lambda found: f"{found[1]}{(DOCS / 'examples' / found[2]).read_text()}```", page)


if __name__ == "__main__":
    for path in DOCS.rglob("*.md"):
        path.write_text(written(path.read_text()))
