"""A part of a Dask cluster: `dask_host.py scheduler HOST` or `dask_host.py worker SCHEDULER HOST`, until it is ended.

Without nannies: a process that is killed stays dead. Prints its address when it is there.
"""

from __future__ import annotations

import asyncio
import sys

import dask
from distributed import Scheduler, Worker

dask.config.set({"distributed.worker.daemon": False})


async def main(role: str, *arguments: str) -> None:
    if role == "scheduler":
        part = Scheduler(host=arguments[0], port=0, dashboard=False)
    else:
        part = Worker(arguments[0], host=arguments[1], nthreads=1, dashboard=False)
    async with part:
        sys.stdout.write(part.address.removeprefix("tcp://") + "\n")
        sys.stdout.flush()
        await part.finished()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
