"""Deadlocks as the log tells them."""

from __future__ import annotations

import pytest

from pytest_asyncbench.postgres.deadlocks import DeadlockLog

LOG = """\
2026-01-01 10:00:00.000 UTC [11] a@one ERROR:  deadlock detected
2026-01-01 10:00:00.000 UTC [11] a@one DETAIL:  Process 11 waits for ShareLock on transaction 7; blocked by process 12.
\tProcess 11: UPDATE t SET i = 1
2026-01-01 10:00:00.000 UTC [12] my app@two ERROR:  deadlock detected
2026-01-01 10:00:00.000 UTC [11] a@one HINT:  See server log for query details.
2026-01-01 10:00:00.000 UTC [11] a@one STATEMENT:  UPDATE t SET i = 1
2026-01-01 10:00:00.000 UTC [12] my app@two STATEMENT:  SELECT   1
\tFROM t
2026-01-01 10:00:01.000 UTC [11] a@one ERROR:  relation "x" does not exist at character 15
2026-01-01 10:00:01.000 UTC [11] a@one STATEMENT:  SELECT * FROM x
2026-01-01 10:00:02.000 UTC [13] @one ERROR:  deadlock detected
"""


@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
def test_they_are_counted_by_database_with_the_statement_however_the_log_is_cut(size):
    log = DeadlockLog()
    for start in range(0, len(LOG), size):
        log.feed(LOG[start : start + size])
    assert log.statements == {"one": ["UPDATE t SET i = 1", ""], "two": ["SELECT 1 FROM t"]}
