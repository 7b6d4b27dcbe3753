"""A WSGI app for tests: answers at once, slowly, wrongly, or with a wrong status every hundredth time."""

import itertools
import time

BODY = b'{"ok": true}'
counter = itertools.count(1)


def wsgi(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/slow":
        time.sleep(0.02)
    boom = path == "/boom" or (path == "/flaky" and next(counter) % 50 == 0)
    start_response(
        "500 Internal Server Error" if boom else "200 OK",
        [("Content-Type", "application/json"), ("Content-Length", str(len(BODY)))],
    )
    return [BODY]
