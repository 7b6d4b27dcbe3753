"""`python -m pytest_asyncbench.upstream LISTENER OWNER`: the upstream on inherited sockets."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import sys

from pytest_asyncbench.agent.__main__ import new_loop
from pytest_asyncbench.agent.checks import raise_file_limit
from pytest_asyncbench.upstream.service import Service


def main(listener: int, owner: int) -> None:
    """Answer until the owner's end is closed."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C is for pytest, which ends us when the servers have gone
    raise_file_limit()
    gc.freeze()
    loop = new_loop()
    asyncio.set_event_loop(loop)
    with socket.socket(fileno=owner) as ours:
        loop.run_until_complete(Service(loop).serve(socket.socket(fileno=listener), ours))
    loop.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
