"""What a child process wrote: a bounded part of it, while it runs and after its file has gone."""

from __future__ import annotations

import os
import weakref
import zlib
from pathlib import Path

from pytest_asyncbench.supervisor import LOG_HEAD, LOG_TAIL

TAIL_BYTES = 1 << 16
"""What is read for the last lines."""


class Log:
    """The first and the last part of a log file. The file may be removed; `keep` lets go of it."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._close = weakref.finalize(self, os.close, self._fd)
        self._kept: bytes | None = None

    def text(self) -> str:
        """All of it; of a long one the first 256 KB and the last 1 MB, and how much is left out between."""
        return self._bytes().decode(errors="replace")

    def tail(self, lines: int) -> str:
        """The last lines of it, out of the last 64 KB."""
        if self._kept is None:
            data = self._read(max(0, self._size() - TAIL_BYTES), TAIL_BYTES)
        else:
            data = self._bytes()[-TAIL_BYTES:]
        return "\n".join(data.decode(errors="replace").splitlines()[-lines:])

    def keep(self) -> None:
        """Take what `text` gives into memory, packed, and close the file: nothing more will be written."""
        if self._kept is None:
            self._kept = zlib.compress(self._bytes(), 1)
            self._close()

    def _bytes(self) -> bytes:
        if self._kept is not None:
            return zlib.decompress(self._kept)
        size = self._size()
        left_out = size - LOG_HEAD - LOG_TAIL
        if left_out <= 0:
            return self._read(0, size)
        head, tail = self._read(0, LOG_HEAD), self._read(size - LOG_TAIL, LOG_TAIL)
        return b"%s\n[... %d bytes left out ...]\n%s" % (head, left_out, tail)

    def _size(self) -> int:
        return os.fstat(self._fd).st_size

    def _read(self, start: int, count: int) -> bytes:
        parts = []
        while count and (part := os.pread(self._fd, count, start)):
            parts.append(part)
            start, count = start + len(part), count - len(part)
        return b"".join(parts)
