"""A WSGI app for hunts: a page size, a search term, a body and a path that are slow."""

import json
import time
from urllib.parse import parse_qs

SLOW = 0.08


def seconds(environ):
    path, query = environ["PATH_INFO"], parse_qs(environ["QUERY_STRING"])
    if path == "/list":
        return SLOW * int(query["page_size"][0]) / 10_000
    if path == "/search":
        return SLOW if "%" in query.get("q", [""])[0] else 0
    if path == "/report":
        body = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        return SLOW if body["mode"] == "deep" and body["all"] else 0
    return SLOW if path == "/slow" else 0


def wsgi(environ, start_response):
    broken = environ["PATH_INFO"] == "/broken"
    time.sleep(seconds(environ))
    start_response(
        "500 Internal Server Error" if broken else "200 OK",
        [("Content-Type", "text/plain"), ("Content-Length", "2")],
    )
    return [b"ok"]
