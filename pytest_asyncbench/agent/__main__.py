"""`python -m pytest_asyncbench.agent FD`: a load agent on the inherited end of a socket pair."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from multiprocessing.connection import Connection as Channel

from pytest_asyncbench.agent.checks import raise_file_limit
from pytest_asyncbench.agent.service import Service


def new_loop() -> asyncio.AbstractEventLoop:
    """An event loop of uvloop where there is one, else of the standard library."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def main(descriptor: int) -> None:
    """Serve plans until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the controller's to handle; it cancels the slot
    raise_file_limit()
    gc.freeze()  # what is loaded stays: the collection before each slot need not look at it
    loop = new_loop()
    asyncio.set_event_loop(loop)
    Service(Channel(descriptor), loop).serve()
    loop.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
