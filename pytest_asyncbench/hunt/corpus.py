"""What a hunt has found is where the next one begins."""

from __future__ import annotations

import hashlib
from typing import Any


class Corpus:
    """What Hypothesis keeps of a hunt for the next run: in its own database, if the profile has one."""

    def __init__(self, name: str) -> None:
        from hypothesis import settings

        self._database: Any = settings().database
        self._key = b"asyncbench." + hashlib.sha256(name.encode()).digest()

    def fetch(self) -> frozenset[bytes]:
        """Examples of the runs before."""
        return frozenset(self._database.fetch(self._key)) if self._database is not None else frozenset()

    def replace(self, examples: frozenset[bytes]) -> None:
        """Keep these instead."""
        if self._database is None:
            return
        for example in self.fetch() - examples:
            self._database.delete(self._key, example)
        for example in examples:
            self._database.save(self._key, example)
