"""A WSGI app for tests: answers at once, slowly, wrongly, with a wrong status now and then, or when there are many."""

import itertools
import os
import threading
import time

BODY = b'{"ok": true}'
counter = itertools.count(1)

room = threading.Semaphore(3)


BUSY = 0.001 * (1 + float(os.environ.get("SLOWED_BY", "0")))


def be_busy():
    """Use so much CPU time."""
    until = time.thread_time() + BUSY
    while time.thread_time() < until:
        pass


def is_crowded():
    """Whether three others are being answered at the moment."""
    if not room.acquire(blocking=False):
        return True
    time.sleep(0.02)
    room.release()
    return False


def wsgi(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/slow":
        time.sleep(0.02)
    if path == "/busy":
        be_busy()
    if path == "/slower":
        time.sleep(0.05)
    if path == "/waits":
        time.sleep(0.001 * float(os.environ.get("WAITS", "1")))
    boom = (
        path == "/boom"
        or (path == "/waits" and "BREAKS" in os.environ)
        or (path == "/flaky" and next(counter) % 50 == 0)
    )
    boom = boom or (path == "/crowded" and is_crowded())
    start_response(
        "500 Internal Server Error" if boom else "200 OK",
        [("Content-Type", "application/json"), ("Content-Length", str(len(BODY)))],
    )
    return [BODY]
