"""Drops the databases of a run that was killed, on a server that is not ours. Run as a script, on its own.

It waits for SIGTERM, which its supervisor sends when pytest has died (a run that ends by itself kills it). The
server's address is in ASYNCBENCH_DSN, the start of the databases' names in ASYNCBENCH_PREFIX.
"""

from __future__ import annotations

import os
import signal

import psycopg
from psycopg import sql


def drop_orphans(dsn: str, prefix: str) -> None:
    """Drop every database whose name starts with `prefix`."""
    with psycopg.connect(dsn, autocommit=True, connect_timeout=5) as connection:
        query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
        for (name,) in connection.execute(query, [prefix]).fetchall():
            quoted = sql.Identifier(name)
            connection.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(quoted))
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(quoted))


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    signal.sigwait([signal.SIGTERM])
    drop_orphans(os.environ["ASYNCBENCH_DSN"], os.environ["ASYNCBENCH_PREFIX"])
