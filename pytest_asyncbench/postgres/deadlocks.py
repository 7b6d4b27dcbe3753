"""Deadlocks as the server's log tells them: at once, and with the statement; PostgreSQL's counter is later."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field

PREFIX = "%m [%p] %a@%d "
"""log_line_prefix of our own servers: time, process, application and database."""
_LINE = re.compile(r"\S+ \S+ \S+ \[(?P<pid>\d+)\] .*?@(?P<dbname>\S*) (?P<kind>[A-Z]+):  (?P<text>.*)")


@dataclass(slots=True)
class DeadlockLog:
    """Fed with a log piece by piece. `statements` has those that deadlocks of a database have ended."""

    statements: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _open: dict[str, tuple[str, int]] = field(default_factory=dict)
    _last: tuple[str, int] | None = None
    _rest: str = ""

    def feed(self, piece: str) -> None:
        """Take what was appended to the log; its last line may be incomplete."""
        *lines, self._rest = (self._rest + piece).split("\n")
        for line in lines:
            if line.startswith("\t") and self._last is not None:  # a statement of several lines goes on
                self._append(self._last, line)
                continue
            self._last = None
            if (match := _LINE.match(line)) is not None:
                self._take(match["pid"], match["dbname"], match["kind"], match["text"])

    def _take(self, pid: str, dbname: str, kind: str, text: str) -> None:
        if kind == "ERROR":
            self._open.pop(pid, None)
            if text == "deadlock detected":
                self.statements[dbname].append("")
                self._open[pid] = (dbname, len(self.statements[dbname]) - 1)
        elif kind == "STATEMENT" and pid in self._open:
            self._last = self._open.pop(pid)
            self._append(self._last, text)

    def _append(self, place: tuple[str, int], text: str) -> None:
        name, index = place
        self.statements[name][index] = " ".join((*self.statements[name][index].split(), *text.split()))
