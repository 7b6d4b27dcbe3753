"""`python -m pytest_asyncbench.agent FD`: a load agent on the inherited end of a socket pair.

`... HOST PORT` with `ASYNCBENCH_TOKEN` in the environment: one that connects to its controller on another machine, and
shows by the token that it is the one that was started for it.
"""

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


def main(channel: Channel) -> None:
    """Serve plans until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the controller's to handle; it cancels the slot
    raise_file_limit()
    gc.freeze()  # what is loaded stays: the collection before each slot need not look at it
    loop = new_loop()
    asyncio.set_event_loop(loop)
    Service(channel, loop).serve()
    loop.close()


if __name__ == "__main__":
    if len(sys.argv) > 2:
        from pytest_asyncbench.agent.wire import call_controller

        main(call_controller(sys.argv[1], int(sys.argv[2])))
    else:
        main(Channel(int(sys.argv[1])))
