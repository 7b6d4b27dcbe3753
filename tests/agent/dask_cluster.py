"""A Dask cluster as a process of its own: `dask_cluster.py WORKERS`. Prints its scheduler's address when all are there.

It ends when its standard input is closed.
"""

from __future__ import annotations

import sys

from distributed import LocalCluster

if __name__ == "__main__":
    with LocalCluster(
        n_workers=int(sys.argv[1]),
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        host="127.0.0.1",
        silence_logs=50,
    ) as cluster:
        sys.stdout.write(cluster.scheduler_address.removeprefix("tcp://") + "\n")
        sys.stdout.flush()
        sys.stdin.read()
